"""Options of the commands: all of ``ltr evaluate`` for a scored table, and some of the others."""

from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import typer

from pipelines.errors import TableError
from pipelines.telemetry import set_up_logging

TABLE = "Scored table"
HOW = "How it is measured"
CLICKS = "What a new policy or ranking would get"
ROWS = "Rows that are not as they should be"

Text = str | None


def _option(name: str, help_text: str, panel: str = TABLE) -> Any:  # noqa: ANN401 - typer's own
    return typer.Option(name, help=help_text, rich_help_panel=panel)


def _use_log_format(log_format: str | None) -> str | None:
    if log_format:
        set_up_logging(log_format)
    return log_format


Query = Annotated[Text, _option("--query", "Column with one value per list.")]
Label = Annotated[Text, _option("--label", "Column of grades, 0 = not relevant.")]
Score = Annotated[Text, _option("--score", "Column that documents are ranked by, largest first.")]
Document = Annotated[Text, _option("--document", "Column of the document's id or text.")]
Baseline = Annotated[
    Text, _option("--baseline", "Another column of scores, or a second table or TREC run.")
]
Qrels = Annotated[Path | None, _option("--qrels", "TREC judgments that give the labels.")]
Weight = Annotated[Text, _option("--weight", "Column with the weight of the list.")]
Propensity = Annotated[
    Text, _option("--propensity", "Column: probability that the document was seen.")
]
Position = Annotated[Text, _option("--position", "Column of logged positions, 1 = first.")]
Frequency = Annotated[
    Text, _option("--frequency", "Column of what was asked: slices by head, torso and tail.")
]
By = Annotated[Text, _option("--by", "Columns to slice by, parted by commas.")]
Metrics = Annotated[Text, _option("--metrics", "E.g. ndcg@10,mrr,map,rbp(p=0.8)@20.", HOW)]
Gain = Annotated[Text, _option("--gain", "exp2, linear, or the gains of label 0,1,2…", HOW)]
Ties = Annotated[Text, _option("--ties", "averaged, input_order, document_id or worst.", HOW)]
Preset = Annotated[Text, _option("--preset", "NDCG as another system defines it.", HOW)]
Blank = Annotated[
    Literal["skip", "zero", "one"] | None,
    _option("--blank", "What a list without a relevant document counts as.", HOW),
]
Relevant = Annotated[
    float | None, _option("--relevant", "Lowest label that binary metrics call relevant.", HOW)
]
Resamples = Annotated[
    int | None, _option("--resamples", "Of the bootstrap; 0: means without intervals.", HOW)
]
Interval = Annotated[
    Literal["percentile", "bca"] | None,
    _option("--interval", "How the bootstrap's ends are set.", HOW),
]
Seed = Annotated[int | None, _option("--seed", "Of resampling.", HOW)]
Nonfinite = Annotated[
    Literal["refuse", "last"] | None,
    _option("--nonfinite", "A score that is NaN or infinite.", ROWS),
]
Negative = Annotated[
    Literal["refuse", "zero"] | None,
    _option("--negative", "A label below 0 (TREC judgments: zero).", ROWS),
]
Duplicates = Annotated[
    Literal["refuse", "keep"] | None, _option("--duplicates", "A document twice in a list.", ROWS)
]
Reward = Annotated[Text, _option("--reward", "Column of the logged click or reward.", CLICKS)]
New = Annotated[
    Text,
    _option("--new", "Column: probability of the logged choice under a new policy.", CLICKS),
]
Curve = Annotated[
    Text,
    _option("--curve", "Of a ranking: how often position 1,2… is examined; or estimate.", CLICKS),
]
Predicted = Annotated[
    Text, _option("--predicted", "Column: a model's click probability of the row.", CLICKS)
]
NewPredicted = Annotated[
    Text,
    _option("--new-predicted", "Column: the same, averaged over the new policy.", CLICKS),
]
Clip = Annotated[float | None, _option("--clip", "Where weights are cut (10).", CLICKS)]
Trec = Annotated[bool, _option("--trec", "Also write qrels.txt and run.txt into --out.")]
Memory = Annotated[
    float | None, _option("--memory", "GiB of rows held, if a list's rows lie apart.", HOW)
]

WarmStart = Annotated[
    Text,
    _option(
        "--warm-start",
        "Begin with this model (its folder or its run's), or previous; '' for initial weights.",
        "Train",
    ),
]

EXPORT = "Export"
ExportFile = Annotated[Path, _option("--out", "The file to write.", EXPORT)]
ExportTables = Annotated[
    Literal["float32", "bf16", "int8"],
    _option("--tables", "How embedding tables are written; docs/benchmarks/export.md.", EXPORT),
]

VECTORS = "Vectors"
VectorsFile = Annotated[
    Path, _option("--out", "The file to write: .parquet, or .arrow for Arrow IPC.", VECTORS)
]
QueriesFile = Annotated[
    Path | None, _option("--queries", "A second file, for the vectors of the queries.", VECTORS)
]
Lists = Annotated[
    Path | None,
    _option("--lists", "Lists of the same encoder; else those beside the model.", VECTORS),
]

INSPECT = "Inspect"
ListId = Annotated[
    Text, _option("--query", "Show the list of this query as a person reads it.", INSPECT)
]
Part = Annotated[
    Text,
    _option("--part", "train, validation, test, or several parted by commas; else all.", INSPECT),
]
Against = Annotated[
    Path | None, _option("--against", "Lists to compare with; exit code 3 beyond limits.", INSPECT)
]
Limits = Annotated[
    Path | None, _option("--limits", "A job file whose section drift has the limits.", INSPECT)
]
Limit = Annotated[
    list[str] | None,
    _option("--limit", "A single limit: numbers=0.1, or schema=off; repeatable.", INSPECT),
]
LogFormat = Annotated[
    Text,
    typer.Option(
        "--log-format",
        metavar="json|human|auto",
        callback=_use_log_format,
        help="Lines of standard error: JSON objects, plain, or bars on a terminal and else plain.",
    ),
]

Json = Annotated[bool, _option("--json", "Print JSON.", INSPECT)]
Html = Annotated[
    Path | None, _option("--html", "Write a page with pictures to this file.", INSPECT)
]


class Given(NamedTuple):
    """Every option of a scored table, as it was given."""

    query: Text
    label: Text
    score: Text
    document: Text
    baseline: Text
    qrels: Path | None
    weight: Text
    propensity: Text
    position: Text
    frequency: Text
    by: Text
    reward: Text
    new: Text
    curve: Text
    predicted: Text
    new_predicted: Text
    clip: float | None
    metrics: Text
    gain: Text
    ties: Text
    preset: Text
    blank: Literal["skip", "zero", "one"] | None
    relevant: float | None
    resamples: int | None
    interval: Literal["percentile", "bca"] | None
    seed: int | None
    nonfinite: Literal["refuse", "last"] | None
    negative: Literal["refuse", "zero"] | None
    duplicates: Literal["refuse", "keep"] | None
    memory: float | None
    trec: bool

    def names(self) -> list[str]:
        """Return what was given, as the command line calls it."""
        given = [name for name, value in self._asdict().items() if value not in (None, False)]
        return [name.replace("_", "-") for name in given]

    def refuse_for_a_job(self) -> None:
        """Refuse the options of a table beside a job file, which says these things itself.

        Raises:
            TableError: One was given.
        """
        if given := self.names():
            msg = f"--{given[0]}: is for a scored table; a job file says how it is evaluated"
            raise TableError(msg)


def read_gain(text: Text) -> str | tuple[float, ...] | None:
    """Read ``--gain``: a word, or the gains of label 0, 1, 2 … parted by commas.

    Raises:
        TableError: It is neither.

    Example:
        >>> read_gain("linear"), read_gain("0,1,3,7")
        ('linear', (0.0, 1.0, 3.0, 7.0))
    """
    if text is None or text in ("exp2", "linear"):
        return text
    try:
        gains = tuple(float(part) for part in text.split(","))
    except ValueError:
        gains = ()
    if not gains or not all(0 <= gain < float("inf") for gain in gains):
        msg = f"--gain: must be exp2, linear, or gains from 0 parted by commas; got {text!r}"
        raise TableError(msg)
    return gains
