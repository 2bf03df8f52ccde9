"""Choose: which columns of the log the patterns of ``[features]`` stand for."""

from collections.abc import Sequence

from pipelines.config import Job
from pipelines.sources import LogFile
from pipelines.stages.label import rule_columns


def choose(files: Sequence[LogFile], job: Job) -> Job:
    """Return the job with every pattern replaced by the columns that it stands for.

    A pattern stands for columns of all files together, whatever file they are in; a file that lacks
    one is dealt with as if the job named the column. Columns that ``[log]`` names, or that grades
    are made from, are no features.

    Raises:
        ConfigError: A pattern stands for no column, or a grade rule is not SQL.
    """
    if not any(side.patterns for side in job.features.sides.values()):
        return job
    columns = {name for file in files for name in file.rows.collect_schema().names()}
    log = job.log
    own = (log.query, log.document, log.time, log.position, log.session, log.grade)
    taken = [*(name for name in own if name), *rule_columns(job)]
    return job.model_copy(update={"features": job.features.expand(columns, taken)})
