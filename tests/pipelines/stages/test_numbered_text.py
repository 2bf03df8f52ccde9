"""Ids may be numbered text: nothing that lists are made by may see a difference."""

import polars as pl
import pytest

from pipelines.config import ListLimits, Parts
from pipelines.contracts import PARTS
from pipelines.stages.leakage import parts_of_keys
from pipelines.stages.limit import limit
from pipelines.stages.sessions import bot_sessions, session_counts
from pipelines.stages.split import split
from pipelines.stages.vet import vet
from tests.pipelines.job_tables import job

SIZE = 60
TEXTS = ("query_id", "document_id", "session_id", "list/part", "list/key", "list/order")
ROWS = pl.DataFrame(
    {
        "row": range(SIZE),
        "query_id": [f"q{row // 6}" for row in range(SIZE)],
        "document_id": [f"d{row * 7 % 11}" for row in range(SIZE)],
        "session_id": [f"s{row // 12}" if row % 5 else None for row in range(SIZE)],
        "position": [row % 6 + 1 for row in range(SIZE)],
        "time": [row // 6 for row in range(SIZE)],
        "list/part": [(*PARTS, "x", None)[row // 6 % 5] for row in range(SIZE)],
        "list/key": [f"k{row % 4}" for row in range(SIZE)],
        "list/order": [f"{row * 5 % 9}" for row in range(SIZE)],
        "grade": [row % 3 for row in range(SIZE)],
        "reason": [None if row % 7 else "time is null" for row in range(SIZE)],
    },
    schema_overrides={"grade": pl.UInt8},
)


def numbered(rows):
    """As Enums of what is in each column: a piece of a log knows no other texts."""
    kinds = {name: pl.Enum(rows[name].drop_nulls().unique().sort()) for name in TEXTS}
    return rows.with_columns(pl.col(name).cast(kind) for name, kind in kinds.items())


def as_text(frame):
    return frame.with_columns(pl.col(pl.Enum, pl.Categorical).cast(pl.String))


CHAINS = {
    "cut": lambda rows: limit(rows, ListLimits(max_documents=4, longer="cut")),
    "sample": lambda rows: limit(rows, ListLimits(max_documents=4, longer="sample")),
    "bots": lambda rows: limit(rows, ListLimits(), pl.Series(["s1", "unknown"])),
    "sessions": lambda rows: bot_sessions([session_counts(rows)], 1),
    "vet": lambda rows: vet(rows, job(split={"by": "column", "column": "fold"})),
    "time": lambda rows: split(rows, Parts()),
    "hash": lambda rows: split(rows, Parts(by="hash")),
    "hash of a column": lambda rows: split(rows, Parts(by="hash", column="user")),
    "column": lambda rows: split(
        vet(rows, job(split={"by": "column", "column": "fold"})), Parts(by="column", column="fold")
    ),
    "keys": lambda rows: parts_of_keys(
        split(rows, Parts()), job(leakage__key="user", split={"by": "hash", "column": "user"})
    ).sort("what", "name"),
}


@pytest.mark.parametrize("chain", CHAINS)
def test_numbered_text_is_treated_as_the_text_it_is(chain):
    expected = CHAINS[chain](ROWS.lazy()).collect()
    got = CHAINS[chain](numbered(ROWS).lazy()).collect()
    assert as_text(got).equals(as_text(expected))
    assert expected.height > 0
