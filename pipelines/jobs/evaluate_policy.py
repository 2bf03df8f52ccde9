"""``ltr evaluate log.parquet --new …``: the log of one policy in, the reward of another one out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ltr.atomic import replace_folder
from pipelines.progress import Progress
from pipelines.report.counterfactual_tables import lines
from pipelines.report.table_record import PolicyReport
from pipelines.table.counterfactual import Question, policy_estimates
from pipelines.table.open import open_parts


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyJob:
    """What the command line asks for.

    Attributes:
        source: A table, a folder or a glob of tables; a row is a choice that was logged.
        parts: Our name of each part that a column plays, and the column's name.
        question: How it is answered.
        out: Folder of the report; None: only the numbers are printed.
    """

    source: Path
    parts: Mapping[str, str]
    question: Question
    out: Path | None = None


def run(job: PolicyJob, progress: Progress) -> str:
    """Estimate what the new policy would get, and write the report if a folder was given.

    Raises:
        JobError: The table cannot be used as the command line says.
    """
    with progress.step("estimate"):
        table = open_parts(job.source, job.parts)
        found = policy_estimates(table, job.parts, job.question)
    told = "\n".join([f"{found.weights.rows:,} rows of {job.source.name}", *lines(found)])
    if job.out is None:
        return told
    from pipelines.report.table_html import write_policy_report

    report = PolicyReport(source=job.source.name, columns=dict(job.parts), counterfactual=found)
    with progress.step("write"), replace_folder(job.out) as folder:
        write_policy_report(report, folder)
    return f"wrote {job.out}: report.html, report.md and report.json\n{told}"
