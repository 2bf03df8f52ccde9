"""A month of nights on the log of a shop that changes, against a model that is trained once.

    python -m benchmarks.month [--write] [--work FOLDER]

Every night trains on the last six days and compares with the champion; the morning after, the
model in use ranks the pages of the next day. The model of the first night does so all month. One
day in the middle a script buys the last half of most pages (`sample_data/shop.py`). What counts is
what the users themselves did, so the bad day's pages are judged without the script.
"""

import argparse
import datetime
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import polars as pl
import torch
from matplotlib.figure import Figure

from benchmarks.markdown import table
from ltr.evaluation import difference_interval
from ltr.metrics import ndcg
from pipelines.nightly.command import Asked, run
from pipelines.nightly.context import MODELS
from pipelines.nightly.nights import NIGHTS, OUTCOME
from pipelines.nightly.outcome import Outcome
from pipelines.nightly.stop import Stop
from pipelines.registry import Registry
from pipelines.scoring import Ranker

ROOT = Path(__file__).parents[1]
PAGE, PICTURE = (ROOT / "docs" / "benchmarks" / name for name in ("month.md", "month.svg"))
FIRST_DAY = datetime.date(2026, 10, 5)
WINDOW, NIGHTS_OF_A_MONTH, BAD_NIGHT = 6, 30, 14
SESSIONS = 60
MARGIN = 0.03
CURVES = {
    "in_use": "a night each night",
    "first": "trained once",
    "logged": "logged order",
    "truth": "true relevance",
}
LINES = (("#0b6e4f", "-"), ("#c0392b", "--"), ("#777777", ":"), ("#2c5aa0", "-."))
JOB = """
output = "run"

[log]
path = "impressions/{{date}}.parquet"
days = {window}
query = "request_id"
document = "document_id"
time = "time"
position = "position"
session = "session_id"

[events]
path = "events/{{date}}.parquet"
session = "session_id"
document = "document_id"
time = "time"
action = "action"
counts = {{ clicks = "click", carts = "cart", purchases = "purchase" }}

[[grades]]
grade = 3
when = "purchases > 0"

[[grades]]
grade = 2
when = "carts > 0"

[[grades]]
grade = 1
when = "clicks > 0"

[features.query]
ids = ["segment", "device"]
numbers = ["hour"]

[features.document]
ids = ["document_id", "category"]
id_lists = ["tags"]
numbers = ["price", "age_days", "quality", "match"]

[split]
validation = 0.15
test = 0.2

[towers]
embedding_dim = 8
query = [32]
document = [32]
scorer = [16]

[loss]
name = "softmax_cross_entropy"

[training]
epochs = 8
lists_per_batch = 32
learning_rate = 0.003
table_learning_rate = 0.1
patience = 2
seed = 7

[evaluation]
resamples = 500
seed = 7

[gate]
margin = {margin}
min_lists = 100
"""


class Morning(NamedTuple):
    """How good each ranking of a day is: mean NDCG@10 over the pages on which somebody acted."""

    date: datetime.date
    """Of the night before."""
    outcome: Outcome
    in_use: float
    """The champion of that morning."""
    first: float
    """The model of the first night."""
    logged: float
    """The order that the shop showed."""
    truth: float
    """The order by the users' true relevance."""


def month(
    work: Path, nights: int, bad_night: int | None, sessions: int = SESSIONS
) -> Iterator[Morning]:
    """Live through a month in the folder ``work``; what is there already is not done again.

    Args:
        work: Of the log and of the run.
        nights: How many; each ends with one morning.
        bad_night: The night after the day that goes wrong, counted from 0; None for none.
        sessions: Visits a day.
    """
    _make_log(work, nights, bad_night, sessions)
    (work / "job.toml").write_text(JOB.format(window=WINDOW, margin=MARGIN), encoding="utf-8")
    registry = Registry(work / "run" / MODELS)
    for number in range(nights):
        date = FIRST_DAY + datetime.timedelta(days=WINDOW - 1 + number)
        run(Asked(job_file=work / "job.toml", date=date), Stop())
        record = (work / "run" / NIGHTS / date.isoformat() / OUTCOME).read_bytes()
        outcome = Outcome.model_validate_json(record)
        day = _day(work, date + datetime.timedelta(days=1))
        scores = {
            "in_use": _scores(registry, outcome.champion, day),
            "first": _scores(registry, "v0001", day),
            "logged": -day["position"].cast(pl.Float64),
            "truth": day["relevance"],
        }
        yield Morning(date, outcome, **{name: _ndcg(one, day) for name, one in scores.items()})


def _make_log(work: Path, nights: int, bad_night: int | None, sessions: int) -> None:
    days = WINDOW + nights
    if (work / "truth").exists() and len(list((work / "truth").iterdir())) == days:
        return
    command = [sys.executable, str(ROOT / "sample_data" / "shop.py"), "--out", str(work)]
    command += ["--days", str(days), "--sessions-per-day", str(sessions)]
    if bad_night is not None:
        command += ["--bad-day", str(WINDOW - 1 + bad_night)]
    subprocess.run(command, check=True)  # noqa: S603 - our own words


def _day(work: Path, date: datetime.date) -> pl.DataFrame:
    """The pages of a day, page by page, with what the users did and would think."""
    shown = pl.read_parquet(work / "impressions" / f"{date}.parquet")
    truth = pl.read_parquet(work / "truth" / f"{date}.parquet")
    return shown.join(truth, on=["request_id", "document_id"], maintain_order="left")


def _scores(registry: Registry, name: str | None, day: pl.DataFrame) -> pl.Series:
    if name is None:  # nothing was promoted yet: the shop shows what it showed
        return -day["position"].cast(pl.Float64)
    return Ranker.load(registry.version(name).folder).score(day)


def _ndcg(scores: pl.Series, day: pl.DataFrame) -> float:
    lengths = day.group_by("request_id", maintain_order=True).len()["len"]
    value = ndcg(
        torch.from_numpy(scores.cast(pl.Float64).to_numpy().copy()),
        torch.from_numpy(day["grade"].to_numpy().copy()),
        lengths=torch.from_numpy(lengths.cast(pl.Int64).to_numpy().copy()),
        k=10,
        gain="exp2",
    )
    return float(value)


def main() -> None:
    """Read the arguments, live through the month, write the page and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    parser.add_argument("--work", type=Path, help="keep the log and the nights here")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = told.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        mornings = []
        for morning in month(work, NIGHTS_OF_A_MONTH, BAD_NIGHT):
            mornings.append(morning)
            print(*_row(morning))
    if told.write:
        PAGE.write_text(page(mornings), encoding="utf-8")
        draw(mornings, PICTURE)


def page(mornings: Sequence[Morning]) -> str:
    """The page in Markdown."""
    in_use, first = ([getattr(one, name) for one in mornings] for name in ("in_use", "first"))
    gain = difference_interval(in_use, first, resamples=2000, seed=0)
    means = {name: statistics.mean(getattr(one, name) for one in mornings) for name in CURVES}
    kept = [one for one in mornings if one.outcome.status == "kept"]
    drifted = [one for one in kept if _has_drifted(one.outcome)]
    worse = len(kept) - len(drifted)
    heads = ["night", "outcome", *CURVES.values(), "broken rules"]
    return f"""# A month of nights

Written by `python -m benchmarks.month --write`. {len(mornings)} nights of `ltr nightly` on the log
of `sample_data/shop.py`: {SESSIONS * 4} pages a day in a shop whose tastes turn within the month
and where a document is sold for twelve days. Each night trains on the last six days; the morning
after, the champion ranks the next day's pages, and what the users then do gives its NDCG@10. On one
day a script buys the last half of most pages; that day, too, is judged by what the users did.

![NDCG@10 of each morning, by night: four curves]({PICTURE.name})

| NDCG@10, mean over the mornings | |
| --- | --- |
| a night each night | {means["in_use"]:.3f} |
| the first night's model all month | {means["first"]:.3f} |
| the order that the shop showed | {means["logged"]:.3f} |
| the true relevance's own order | {means["truth"]:.3f} |
| a night each night - trained once | {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}] |

The interval is a bootstrap over the mornings. {len(mornings) - len(kept)} candidates were promoted.
{len(kept)} nights kept the champion: {len(drifted)} because its lists had drifted, {worse} because
the candidate could not be shown to be at most {MARGIN} worse than it. The bad day lies in the
windows of {WINDOW} nights, but after its own night it is left out of them (`nightly.quarantine`).
Nobody did anything in between.

{table("Night by night", heads, [_row(one) for one in mornings])}"""


def _has_drifted(outcome: Outcome) -> bool:
    return any(one.rule == "drift" and not one.passed for one in outcome.rules)


def _row(morning: Morning) -> list[str]:
    broken = [one for one in morning.outcome.rules if not one.passed]
    why = ", ".join(sorted({f"{one.rule} {one.subject}" for one in broken}))
    values = [f"{getattr(morning, name):.3f}" for name in CURVES]
    return [str(morning.date), morning.outcome.status, *values, why]


def draw(mornings: Sequence[Morning], path: Path) -> None:
    """Draw every ranking's NDCG by morning, the nights that kept the champion marked."""
    style: Any = {"svg.fonttype": "path", "svg.hashsalt": "ltr", "font.size": 11}
    with mpl.rc_context(style):
        figure = Figure(figsize=(9, 4.2), layout="constrained", facecolor="white")
        plot = figure.subplots()
        plot.axvspan(BAD_NIGHT + 0.5, BAD_NIGHT + 1.5, color="#f6dede", lw=0)
        where = plot.get_xaxis_transform()
        plot.text(BAD_NIGHT + 0.6, 0.02, "the bad\nday", transform=where)
        nights = range(1, len(mornings) + 1)
        for (name, label), (colour, dashes) in zip(CURVES.items(), LINES, strict=True):
            values = [getattr(one, name) for one in mornings]
            plot.plot(nights, values, dashes, color=colour, label=label)
        kept = [at for at, one in enumerate(mornings) if one.outcome.status == "kept"]
        values = [mornings[at].in_use for at in kept]
        places = [at + 1 for at in kept]
        plot.plot(places, values, "o", mfc="white", color=LINES[0][0], label="champion kept")
        plot.set(xlabel="night", ylabel="NDCG@10 of the next day", xlim=(0.5, len(mornings) + 0.5))
        plot.grid(axis="y", color="#e0e0e0")
        plot.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside upper left", ncols=5, frameon=False, fontsize=9.5)
        figure.savefig(path, format="svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
