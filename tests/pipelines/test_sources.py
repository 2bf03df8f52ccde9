import polars as pl
import pytest

from pipelines.errors import LogError
from pipelines.sources import scan

FRAME = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
WRITERS = {
    "log.parquet": "write_parquet",
    "log.arrow": "write_ipc",
    "log.csv": "write_csv",
    "log.ndjson": "write_ndjson",
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_is_told_by_its_suffix(tmp_path, name):
    getattr(FRAME, WRITERS[name])(tmp_path / name)
    assert scan(tmp_path / name).collect().rows() == [(1, "x"), (2, None)]


@pytest.mark.parametrize("pattern", ["", "*.parquet", "2*", "**/*.parquet"])
def test_a_folder_or_a_glob_is_read_in_the_order_of_names(tmp_path, pattern):
    FRAME.tail(1).write_parquet(tmp_path / "2026-02.parquet")
    FRAME.head(1).write_parquet(tmp_path / "2026-01.parquet")
    assert scan(tmp_path / pattern).collect()["a"].to_list() == [1, 2]


def test_files_in_a_folder_that_are_no_log_are_passed_over(tmp_path):
    FRAME.write_parquet(tmp_path / "log.parquet")
    (tmp_path / "README.md").write_text("about")
    assert scan(tmp_path).collect().height == 2


@pytest.mark.parametrize("name", ["none.parquet", "none/*.parquet", "folder"])
def test_a_path_without_files_is_named(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(
        LogError, match=rf"read: .*{name.replace('*', '.')} must be .*found no file"
    ):
        scan(tmp_path / name)


def test_an_unknown_suffix_is_named(tmp_path):
    (tmp_path / "log.xlsx").touch()
    with pytest.raises(LogError, match=r"must hold files of one of \.parquet, .*; found \.xlsx"):
        scan(tmp_path / "log.xlsx")


def test_several_formats_in_one_place_are_refused(tmp_path):
    FRAME.write_parquet(tmp_path / "a.parquet")
    FRAME.write_csv(tmp_path / "b.csv")
    with pytest.raises(LogError, match=r"found \.csv, \.parquet"):
        scan(tmp_path)


def test_times_in_csv_are_read_as_times(tmp_path):
    (tmp_path / "log.csv").write_text("t\n2026-03-01T10:00:00\n")
    assert scan(tmp_path / "log.csv").collect_schema()["t"] == pl.Datetime("us")
