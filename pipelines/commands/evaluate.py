"""``ltr evaluate``: of the model of a job, or of any scored table."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import options
from pipelines.commands.arguments import OutFolder
from pipelines.commands.steps import How, run_steps
from pipelines.commands.told import tell
from pipelines.progress import Progress

Source = Annotated[
    Path, typer.Argument(metavar="JOB|TABLE", help="A job file (TOML) or a scored table.")
]
FIELDS = frozenset(options.Given._fields)


def evaluate(
    source: Source,
    out: OutFolder = None,
    query: options.Query = None,
    label: options.Label = None,
    score: options.Score = None,
    document: options.Document = None,
    baseline: options.Baseline = None,
    qrels: options.Qrels = None,
    weight: options.Weight = None,
    propensity: options.Propensity = None,
    position: options.Position = None,
    frequency: options.Frequency = None,
    by: options.By = None,
    reward: options.Reward = None,
    new: options.New = None,
    curve: options.Curve = None,
    predicted: options.Predicted = None,
    new_predicted: options.NewPredicted = None,
    clip: options.Clip = None,
    metrics: options.Metrics = None,
    gain: options.Gain = None,
    ties: options.Ties = None,
    preset: options.Preset = None,
    blank: options.Blank = None,
    relevant: options.Relevant = None,
    resamples: options.Resamples = None,
    interval: options.Interval = None,
    seed: options.Seed = None,
    nonfinite: options.Nonfinite = None,
    negative: options.Negative = None,
    duplicates: options.Duplicates = None,
    memory: options.Memory = None,
    *,
    trec: options.Trec = False,
) -> None:
    """Measure a model on its held-out lists, or any scored table, and write the report.

    A job file (.toml) measures the model that `ltr train` made. Anything else is a scored table:
    Parquet, Arrow, CSV or NDJSON, a folder or a glob of them, or a TREC run with --qrels. With
    --reward it also says what the clicks would be under the new ranking; with --new, under a new
    policy.
    """
    given = options.Given(**{name: value for name, value in locals().items() if name in FIELDS})
    if source.suffix == ".toml":
        given.refuse_for_a_job()
        run_steps(["evaluate"], source, How(out=out))
    else:
        _run_table(source, given, out)


def _run_table(source: Path, given: options.Given, out: Path | None) -> None:
    from pipelines.jobs.evaluate_policy import run as evaluate_policy
    from pipelines.jobs.evaluate_table import run as evaluate_table
    from pipelines.policy_job import policy_job
    from pipelines.table_job import table_job

    with Progress("evaluate") as progress:
        if given.new is None:
            done = evaluate_table(table_job(source, given, out), progress)
        else:
            done = evaluate_policy(policy_job(source, given, out), progress)
    tell("evaluate", done)
