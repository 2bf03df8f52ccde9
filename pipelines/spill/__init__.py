"""What lies on the disk while a log is prepared: rows cut into partitions, their ids as numbers."""

from pipelines.spill.budget import Plan, check_disk, plan
from pipelines.spill.coded import as_categories, as_text, is_text
from pipelines.spill.hashing import partition_of
from pipelines.spill.pieces import read_partition, write_piece
from pipelines.spill.work import Work, work_folder

__all__ = [
    "Plan",
    "Work",
    "as_categories",
    "as_text",
    "check_disk",
    "is_text",
    "partition_of",
    "plan",
    "read_partition",
    "work_folder",
    "write_piece",
]
