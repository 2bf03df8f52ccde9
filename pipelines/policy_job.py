"""From the options of the command line to what a new policy or ranking would get."""

from pathlib import Path
from typing import Literal

from pipelines.errors import TableError
from pipelines.jobs.evaluate_policy import PolicyJob
from pipelines.options import Given
from pipelines.table.columns import NEW, NEW_PREDICTED, PREDICTED, PROPENSITY, QUERY, REWARD
from pipelines.table.counterfactual import Question
from pipelines.table.sure import Sure

OF_A_POLICY = (QUERY, REWARD, PROPENSITY, NEW, PREDICTED, NEW_PREDICTED)
"""Parts of the columns that a policy's log has."""

HOW = {"clip", "resamples", "interval", "seed"}


def policy_job(source: Path, given: Given, out: Path | None) -> PolicyJob:
    """Read the options on a policy, of which there is a column ``--new``.

    Raises:
        TableError: One is missing, or one means nothing for a policy.
    """
    allowed = {part.replace("_", "-") for part in OF_A_POLICY} | HOW
    if others := [name for name in given.names() if name not in allowed]:
        msg = f"--{others[0]}: concerns rankings; --new asks for a policy, whose rows are choices"
        raise TableError(msg)
    if given.reward is None or given.propensity is None:
        msg = "--new needs --reward, and --propensity of the policy that was logged"
        raise TableError(msg)
    if (given.predicted is None) != (given.new_predicted is None):
        msg = "--predicted and --new-predicted come together: of the logged choice, and of the new"
        raise TableError(msg)
    parts = {part: getattr(given, part) for part in OF_A_POLICY if getattr(given, part) is not None}
    return PolicyJob(source=source, parts=parts, question=_question(given, ()), out=out)


def ranking_question(given: Given) -> Question | None:
    """Read the options on what a new ranking would get; None if it is not asked for.

    Raises:
        TableError: One is missing, or one means nothing for a ranking.
    """
    if given.new_predicted is not None:
        msg = "--new-predicted: is of a new policy, --new; a ranking takes --predicted alone"
        raise TableError(msg)
    if given.reward is None:
        for name in ("curve", "predicted", "clip"):
            if getattr(given, name) is not None:
                msg = f"--{name}: needs --reward, the column of the logged clicks"
                raise TableError(msg)
        return None
    if given.qrels is not None:
        msg = "--reward: clicks of a log have no judgments; leave --qrels out"
        raise TableError(msg)
    if given.position is None or given.curve is None:
        msg = (
            "--reward needs --position and --curve to evaluate a ranking (1,0.6,0.4 or estimate),"
            " or --propensity and --new to evaluate a policy"
        )
        raise TableError(msg)
    if given.curve == "estimate" and given.document is None:
        msg = "--curve estimate: needs --document, to find what was seen at several positions"
        raise TableError(msg)
    return _question(given, read_curve(given.curve))


def read_curve(text: str) -> tuple[float, ...] | Literal["estimate"]:
    """Read ``--curve``: that the log shall tell it, or the examination of position 1, 2 ….

    Raises:
        TableError: It is neither.

    Example:
        >>> read_curve("1,0.6,0.4"), read_curve("estimate")
        ((1.0, 0.6, 0.4), 'estimate')
    """
    if text == "estimate":
        return "estimate"
    try:
        curve = tuple(float(part) for part in text.split(","))
    except ValueError:
        curve = ()
    if not curve or not all(0 < one <= 1 for one in curve):
        msg = f"--curve: must be estimate, or chances above 0, at most 1, by position; got {text!r}"
        raise TableError(msg)
    return curve


def _question(given: Given, curve: tuple[float, ...] | Literal["estimate"]) -> Question:
    clip = 10.0 if given.clip is None else given.clip
    if not 0 < clip < float("inf"):
        msg = f"--clip: must be a number above 0; got {clip:g}"
        raise TableError(msg)
    # Sums with heavy weights are skewed.
    return Question(
        curve=curve,
        clip=clip,
        sure=Sure(
            resamples=read_resamples(given), method=given.interval or "bca", seed=read_seed(given)
        ),
    )


def read_resamples(given: Given) -> int:
    """Read ``--resamples``.

    Raises:
        TableError: There are too few for an interval.
    """
    resamples = 2000 if given.resamples is None else given.resamples
    if resamples < 0 or 0 < resamples < 100:
        msg = f"--resamples: must be 0 or at least 100; got {resamples}"
        raise TableError(msg)
    return resamples


def read_seed(given: Given) -> int:
    """Read ``--seed``.

    Raises:
        TableError: It is outside what generators take.
    """
    seed = given.seed or 0
    if not 0 <= seed < 2**63:
        msg = f"--seed: must be a whole number from 0 to 2^63 - 1; got {seed}"
        raise TableError(msg)
    return seed
