"""Put the shards that tasks left into a folder of lists, and add up what they hold."""

import os
import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ltr.data.manifest import Shard, Split, SplitName
from pipelines.steps.write import ShardRecord


def put_split(left: Iterable[tuple[Path, ShardRecord | None]], part: SplitName, to: Path) -> Split:
    """Number the shards of a part and add them up.

    Args:
        left: Of each task the file, and what it holds; None where it left none.
        part: The part they belong to.
        to: Folder of the lists.
    """
    (to / part).mkdir()
    records: list[ShardRecord] = []
    shards: list[Shard] = []
    for path, record in left:
        if record is not None:
            file = f"{part}/{len(shards):05}.arrow"
            put(path, to / file)
            records.append(record)
            counts = {"lists": record.lists, "documents": record.documents}
            shards.append(Shard(file=file, **counts, sha256=record.sha256))
    return _added_up(records, shards)


def put(file: Path, target: Path) -> None:
    """Give a file its second name, so that it stays where a rerun of a killed job looks for it."""
    try:
        os.link(file, target)
    except OSError:  # a file system without links
        shutil.copyfile(file, target)


def _added_up(records: list[ShardRecord], shards: list[Shard]) -> Split:
    grades: Counter[int] = Counter()
    for record in records:
        grades.update(record.grades)
    return Split(
        lists=sum(record.lists for record in records),
        documents=sum(record.documents for record in records),
        grades=dict(sorted(grades.items())),
        first=str(min(record.first for record in records)),
        last=str(max(record.last for record in records)),
        shards=tuple(shards),
    )
