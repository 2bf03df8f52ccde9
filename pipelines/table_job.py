"""From the options of the command line to the job on a scored table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from pipelines.errors import TableError
from pipelines.jobs.evaluate_table import TableJob
from pipelines.options import Given, read_gain
from pipelines.policy_job import ranking_question, read_resamples, read_seed
from pipelines.sources import SUFFIXES
from pipelines.table.check import Policy
from pipelines.table.columns import Columns
from pipelines.table.metrics import OPTIONS, refuse_unweighted, refuse_useless
from pipelines.table.names import parse_metrics
from pipelines.table.open import RUN_COLUMNS
from pipelines.table.sure import Sure
from pipelines.table.trec import is_trec
from pipelines.table.whole import MEMORY_BYTES

if TYPE_CHECKING:
    from ltr.metrics import Preset

METRICS = "ndcg@10,ndcg@5,ndcg@1,mrr,map"
WEIGHTED_METRICS = "ndcg@10,ndcg@5,ndcg@1"
"""With documents' weights, which mean nothing to the first relevant document."""


def table_job(source: Path, given: Given, out: Path | None) -> TableJob:
    """Read the options together.

    Raises:
        TableError: One is missing, or two do not fit each other.
    """
    if given.trec and (out is None or not (given.document or is_trec(source))):
        msg = "--trec: writes into --out, and needs --document"
        raise TableError(msg)
    clicks = ranking_question(given)
    other, preset = _other_file(given.baseline), _preset(given.preset)
    return TableJob(
        source=source,
        columns=_columns(source, given, is_column=other is None),
        qrels=given.qrels,
        other=other,
        metrics=_metrics(given),
        definitions=_definitions(given, preset),
        preset=given.preset,
        policy=Policy(
            nonfinite=given.nonfinite or "refuse",
            negative=given.negative or ("zero" if given.qrels else "refuse"),
            duplicates=given.duplicates or "refuse",
        ),
        sure=_sure(given, preset),
        clicks=clicks,
        out=out,
        trec=given.trec,
        memory_bytes=MEMORY_BYTES if given.memory is None else int(given.memory * 2**30),
    )


def _other_file(baseline: str | None) -> Path | None:
    """The second file, where ``--baseline`` is the path of one; else it names a column."""
    if baseline is None:
        return None
    path = Path(baseline)
    is_path = path.exists() or any(sign in baseline for sign in "/*?")
    return path if is_path else None


def _columns(source: Path, given: Given, *, is_column: bool) -> Columns:
    if is_trec(source):
        if given.qrels is None:
            tables = ", ".join(SUFFIXES)
            msg = f"{source}: not one of {tables}; a TREC run needs its judgments: --qrels"
            raise TableError(msg)
        return RUN_COLUMNS
    label = given.label or given.reward
    if given.query is None or given.score is None or (label or given.qrels) is None:
        msg = "a scored table needs --query, --score and --label (or --qrels)"
        raise TableError(msg)
    return Columns(
        query=given.query,
        label=label,
        score=given.score,
        document=given.document,
        baseline=given.baseline if is_column else None,
        weight=given.weight,
        propensity=given.propensity,
        position=given.position,
        reward=given.reward,
        predicted=given.predicted,
        frequency=given.frequency,
        by=tuple(name.strip() for name in (given.by or "").split(",") if name.strip()),
    )


def _metrics(given: Given) -> str:
    return given.metrics or (WEIGHTED_METRICS if given.propensity else METRICS)


def _preset(name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    from ltr.metrics import preset

    try:
        return dict(preset(cast("Preset", name)))
    except ValueError as error:
        msg = f"--{error}"
        raise TableError(msg) from None


def _definitions(given: Given, preset: dict[str, Any]) -> dict[str, Any]:
    _check_ties(given.ties)
    chosen = {"gain": read_gain(given.gain), "ties": given.ties, "relevant": given.relevant}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    metrics = parse_metrics(_metrics(given))
    refuse_useless(metrics, chosen)
    if given.propensity:
        refuse_unweighted(metrics)
    if given.propensity and given.qrels:
        msg = "--propensity: judged documents that were not ranked have none; leave --qrels out"
        raise TableError(msg)
    told = {OPTIONS[name]: value for name, value in chosen.items()}
    found = {name: value for name, value in preset.items() if name != "blank"} | told
    if found.get("ties") == "document_id" and given.document is None and given.qrels is None:
        msg = "--document: is needed where tied scores are ordered by it"
        raise TableError(msg)
    return found


def _check_ties(ties: str | None) -> None:
    if ties is None:
        return
    from ltr.metrics import Ties

    if ties not in get_args(Ties):
        msg = f"--ties: must be one of {', '.join(get_args(Ties))}; got {ties!r}"
        raise TableError(msg)


def _sure(given: Given, preset: dict[str, Any]) -> Sure:
    return Sure(
        blank=given.blank or preset.get("blank", "skip"),
        resamples=read_resamples(given),
        method=given.interval or "percentile",
        seed=read_seed(given),
    )
