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


def rows(path, text=()):
    return pl.concat([file.rows for file in scan(path, text)]).collect()


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_is_told_by_its_suffix(tmp_path, name):
    getattr(FRAME, WRITERS[name])(tmp_path / name)
    assert rows(tmp_path / name).rows() == [(1, "x"), (2, None)]


@pytest.mark.parametrize("pattern", ["", "*.parquet", "2*", "**/*.parquet"])
def test_a_folder_or_a_glob_is_read_in_the_order_of_names(tmp_path, pattern):
    FRAME.tail(1).write_parquet(tmp_path / "2026-02.parquet")
    FRAME.head(1).write_parquet(tmp_path / "2026-01.parquet")
    assert rows(tmp_path / pattern)["a"].to_list() == [1, 2]


def test_files_in_a_folder_that_are_no_log_are_passed_over(tmp_path):
    FRAME.write_parquet(tmp_path / "log.parquet")
    (tmp_path / "README.md").write_text("about")
    assert rows(tmp_path).height == 2


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
    assert rows(tmp_path / "log.csv").schema["t"] == pl.Datetime("us")


def test_ids_in_csv_stay_text_and_types_are_decided_by_all_rows(tmp_path):
    lines = [f"{i:03},{i}" for i in range(200)]
    (tmp_path / "log.csv").write_text("\n".join(["id,price", *lines, "7,1.5"]) + "\n")
    frame = rows(tmp_path / "log.csv", text={"id", "other"})
    assert frame["id"].to_list()[7] == "007"
    assert frame["id"].to_list()[-1] == "7"
    assert frame["price"].dtype == pl.Float64


def test_a_key_that_ndjson_has_late_is_a_column(tmp_path):
    lines = ['{"a": 1}'] * 200 + ['{"a": 2.5, "b": "x"}']
    (tmp_path / "log.ndjson").write_text("\n".join(lines))
    assert rows(tmp_path / "log.ndjson").columns == ["a", "b"]
    assert rows(tmp_path / "log.ndjson")["a"].dtype == pl.Float64


@pytest.mark.parametrize("name", WRITERS)
def test_a_path_that_exists_is_no_glob(tmp_path, name):
    folder = tmp_path / "run[1]*"
    folder.mkdir()
    getattr(FRAME, WRITERS[name])(folder / name)
    assert rows(folder / name).height == rows(folder).height == 2
