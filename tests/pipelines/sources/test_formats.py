"""Packed text, TREC runs as logs, empty days, and files that are not what they seem."""

import gzip
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from pipelines.config import parse_job
from pipelines.errors import ConfigError, LogError
from pipelines.sources import _text, _types, format_of, open_log, scan
from tests.pipelines.job_tables import table

FRAME = pl.DataFrame({"id": ["007", "7"], "n": [1, None]})
# Without its time, which would make another name of the test in every process.
CUT = gzip.compress(b"id\n" * 9999, mtime=0)[:40]
PACK = {"gz": gzip.compress, "zst": lambda data: pa.Codec("zstd").compress(data).to_pybytes()}


@pytest.mark.parametrize("packed", PACK)
@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_packed_text_keeps_its_ids_text(tmp_path, kind, packed):
    plain = FRAME.write_csv() if kind == "csv" else FRAME.write_ndjson()
    (tmp_path / f"log.{kind}.{packed}").write_bytes(PACK[packed](plain.encode()))
    (file,) = scan(tmp_path, text={"id"})
    assert file.rows.collect().rows() == FRAME.rows()


def test_a_format_that_is_packed_already_is_not_packed_again():
    assert format_of(Path("log.parquet.gz")) is None
    assert format_of(Path("run.txt.gz")) is None


def test_a_format_that_is_said_goes_before_the_suffix(tmp_path):
    (tmp_path / "log.txt").write_text(FRAME.write_csv())
    assert scan(tmp_path / "log.txt", {"id"}, "csv")[0].rows.collect().height == 2


def test_hidden_files_are_passed_over(tmp_path):
    (tmp_path / "_SUCCESS.csv").write_text("x")
    (tmp_path / ".log.csv").write_text("x")
    FRAME.write_csv(tmp_path / "log.csv")
    assert [file.path.name for file in scan(tmp_path)] == ["log.csv"]


@pytest.mark.parametrize("name", ["log.csv", "log.ndjson", "log.csv.gz"])
def test_a_text_file_of_nothing_has_no_rows(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(b"") if name.endswith("gz") else b"\n")
    assert scan(tmp_path / name)[0].rows.collect().is_empty()


def test_a_header_alone_knows_no_types(tmp_path):
    (tmp_path / "log.csv").write_text("id,n\n")
    schema = scan(tmp_path / "log.csv", text={"id"})[0].rows.collect_schema()
    assert schema == {"id": pl.Null, "n": pl.Null}


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.parquet", b"PAR1 and no more", r"a.parquet must be a readable .parquet file; found"),
        ("a.arrow", b"ARROW1", r"a.arrow must be a readable .arrow file; found"),
        ("a.csv", b"id,n\n1,2\n\xff,3\n", r"a.csv must be text in UTF-8; found .* 0xff in line 3"),
        ("a.ndjson", b'{"a": "\xe9"}\n', r"a.ndjson must be text in UTF-8; .* 0xe9 in line 1"),
        ("a.ndjson", b'{"a": 1}\n{"a"\n', r"a.ndjson must be a readable .ndjson file; found"),
        ("a.csv.gz", b"plain", r"a.csv.gz must be a readable text file, packed as gzip; found"),
        ("a.csv.gz", CUT, r"a.csv.gz must be a readable text file"),
    ],
)
def test_a_broken_file_is_named(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(LogError, match=message):
        scan(tmp_path / name)


def test_half_a_parquet_file_is_named(tmp_path):
    pl.DataFrame({"n": range(9999)}).write_parquet(tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LogError, match=r"a.parquet must be a readable .parquet file"):
        scan(tmp_path)


def trec(**changes):
    names = {"query": "query", "document": "document", "time": None, "position": "position"}
    keys = {f"log__{key}": value for key, value in names.items()}
    job = {"log__path": "run.txt", "log__format": "trec", "log__session": None, "events": None}
    return table(**{**job, **keys, "grades": None, "log__grade": "grade", **changes})


def test_a_trec_run_with_judgments_is_a_log(tmp_path):
    (tmp_path / "run.txt").write_text("q1 Q0 a 1 1 x\nq1 Q0 b 2 2 x\nq1 Q0 c 3 1 x\n")
    (tmp_path / "qrels.txt").write_text("q1 0 a 2\nq1 0 z 1\n")
    (file,) = open_log(parse_job(trec(log__qrels="qrels.txt")), tmp_path).files
    assert file.rows.collect().rows() == [
        ("q1", "a", 3, 1.0, 2),
        ("q1", "b", 1, 2.0, 0),
        ("q1", "c", 2, 1.0, 0),
    ]


def test_a_trec_run_alone_has_no_grades(tmp_path):
    (tmp_path / "run.txt").write_text("q1 Q0 a 1 1 x\n")
    (file,) = scan(tmp_path / "run.txt", kind="trec")
    assert file.rows.collect_schema().names() == ["query", "document", "position", "score"]


def test_a_broken_trec_file_is_an_error_of_the_log(tmp_path):
    (tmp_path / "run.txt").write_text("q1 Q0 a 1\n")
    with pytest.raises(LogError, match=r"run.txt: a line of TREC run has 6 .* got 4 in line 1"):
        scan(tmp_path / "run.txt", kind="trec")


def test_judgments_go_with_a_trec_run_only():
    with pytest.raises(ConfigError, match=r'log.qrels: goes with log.format = "trec"'):
        parse_job(table(log__qrels="qrels.txt"))


@pytest.mark.parametrize("at_a_time", [1, 1 << 20])
def test_all_rows_decide_on_the_types_however_the_text_is_cut(tmp_path, monkeypatch, at_a_time):
    monkeypatch.setattr(_types, "AT_A_TIME", at_a_time)
    monkeypatch.setattr(_text, "BLOCK_BYTES", 8)
    (tmp_path / "log.csv").write_text(
        'a,b,c,d,e\n1,1,,"x\ny",2026-03-01\n2,2.5,,"say ""hi""",2026-03-02\n3,3,,z,soon\n'
    )
    rows = scan(tmp_path / "log.csv")[0].rows.collect()
    assert rows.dtypes == [pl.Int64, pl.Float64, pl.Null, pl.String, pl.String]
    assert rows["d"].to_list() == ["x\ny", 'say "hi"', "z"]


@pytest.mark.parametrize("at_a_time", [1, 1 << 20])
def test_all_lines_decide_on_the_keys_however_the_text_is_cut(tmp_path, monkeypatch, at_a_time):
    monkeypatch.setattr(_types, "AT_A_TIME", at_a_time)
    monkeypatch.setattr(_text, "BLOCK_BYTES", 8)
    lines = ['{"a": 1, "tags": []}', '{"a": 2.5, "b": "x"}', '{"a": null, "tags": ["t"]}']
    (tmp_path / "log.ndjson").write_text("\n".join(lines))
    rows = scan(tmp_path / "log.ndjson")[0].rows.collect()
    assert rows.schema == {"a": pl.Float64, "tags": pl.List(pl.String), "b": pl.String}
    assert rows.rows() == [(1.0, [], None), (2.5, None, "x"), (None, ["t"], None)]
