import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.progress import Progress
from pipelines.spill.giants import giants, part
from pipelines.spill.pieces import as_frame, read_pieces, write_piece
from pipelines.steps import partition
from tests.pipelines.cuts import cut_into
from tests.pipelines.job_tables import as_file, events, job, log
from tests.pipelines.prepared import prepare


def pieces_of(folder, *columns):
    for number, queries in enumerate(columns):
        frame = pl.DataFrame({"query_id": queries, "at": range(len(queries))})
        frame = frame.cast({"query_id": pl.Enum(sorted({q for q in queries if q}))})
        write_piece(frame, partition_zero(len(queries)), 1, folder, number)
    return read_pieces([folder], 0)


def partition_zero(rows):
    return pl.zeros(rows, dtype=pl.UInt16, eager=True).to_numpy()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", None])), min_size=1, max_size=4))
def test_what_is_above_the_limit_over_all_pieces_is_found_and_nothing_else(
    tmp_path_factory, columns
):
    pieces = pieces_of(tmp_path_factory.mktemp("pieces"), *columns)
    together = [query for column in columns for query in column if query]
    expected = sorted(query for query in set(together) if together.count(query) > 3)
    found = giants(pieces, "query_id", 3)
    assert found.to_pylist() == expected
    rest = as_frame([part(piece, "query_id", found)[0] for piece in pieces])
    without = [query for column in columns for query in column if query not in expected]
    assert rest["query_id"].cast(pl.String).to_list() == without


@pytest.mark.parametrize("partitions", [1, 3])
def test_a_giant_query_is_rejected_and_everything_else_stays(monkeypatch, partitions):
    monkeypatch.setattr(partition, "LEAST_GIANT", 50)
    giant = pl.concat([log(1)] * 30).with_columns(request=pl.lit("robot"))
    limits = {"max_documents": 5}
    with cut_into(partitions), Progress("test") as progress:
        dirty, clean = (
            prepare(as_file(frame), as_file(events()), job(lists=limits), progress)
            for frame in (pl.concat([log(), giant]), log())
        )
    assert dirty.manifest.rows.rejected == {"query has more than 50 rows": 90}
    assert dirty.rows["row"].drop_nulls().to_list() == list(range(30, 120))
    assert dirty.manifest.splits == clean.manifest.splits
