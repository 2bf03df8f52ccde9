"""LETOR text against a plain loop, against scikit-learn, and what is refused."""

import gzip
import os
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_svmlight_file

from pipelines.errors import LogError
from pipelines.sources import _text, read_letor, scan
from pipelines.sources._letor_lines import highest_feature, parse
from pipelines.sources._letor_slowly import read_slowly

DATA = Path(__file__).parents[3] / "../shared/data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the collected data sets are elsewhere")
TWO = "2 qid:7 1:0.5 3:4 # docid = GX1 inc = 1\n\n# nothing: here\n0 qid:7 2:-1e-3 #GX2\n1 qid:9\n"


def read(tmp_path, text, name="log.letor"):
    data = text.encode() if isinstance(text, str) else text
    (tmp_path / name).write_bytes(data)
    return pl.concat([file.rows for file in scan(tmp_path / name, kind="letor")]).collect()


def test_lines_become_rows_with_a_column_for_each_feature(tmp_path):
    assert read(tmp_path, TWO).rows() == [
        (2.0, "7", "GX1", 1, 0.5, 0.0, 4.0),
        (0.0, "7", "GX2", 2, 0.0, np.float32(-1e-3), 0.0),
        (1.0, "9", "3", 1, 0.0, 0.0, 0.0),
    ]
    assert read(tmp_path, TWO).columns == [
        "grade",
        "query",
        "document",
        "position",
        "f1",
        "f2",
        "f3",
    ]


@pytest.mark.parametrize("change", [("\n", "\r\n"), (" ", "\t"), (" ", "  "), ("1:", "01:")])
def test_other_blanks_and_leading_zeros_mean_the_same(tmp_path, change):
    assert read(tmp_path, TWO.replace(*change)).rows() == read(tmp_path, TWO).rows()


def test_a_last_line_without_its_break_is_a_line(tmp_path):
    assert read(tmp_path, TWO.rstrip("\n")).rows() == read(tmp_path, TWO).rows()


@pytest.mark.parametrize("packed", ["gz", "zst"])
def test_packed_text_is_unpacked_as_it_is_read(tmp_path, packed):
    codec = {"gz": gzip.compress, "zst": lambda data: pa.Codec("zstd").compress(data).to_pybytes()}
    data = codec[packed](TWO.encode())
    assert read(tmp_path, data, f"log.letor.{packed}").height == 3


@pytest.mark.parametrize("block_bytes", [1, 7, 40])
def test_how_the_text_is_cut_into_blocks_changes_nothing(tmp_path, monkeypatch, block_bytes):
    whole = read(tmp_path, TWO * 3)
    monkeypatch.setattr(_text, "BLOCK_BYTES", block_bytes)
    assert read(tmp_path, TWO * 3).rows() == whole.rows()
    assert whole["position"].to_list() == [1, 2, 1, 3, 4, 2, 5, 6, 3]


def test_polars_reads_only_what_it_asks_for(tmp_path):
    (tmp_path / "log.letor").write_text(TWO)
    rows = scan(tmp_path / "log.letor")[0].rows
    asked = rows.filter(pl.col("f1") > 0).select("document")
    assert asked.collect(engine="streaming").rows() == [("GX1",)]
    assert rows.head(2).collect().height == rows.slice(1, 2).collect().height == 2


NUMBERS = st.one_of(
    st.floats(allow_nan=False, width=32).map(repr),
    st.decimals(-1000, 1000, places=6).map(str),
    st.integers(-99, 99).map(lambda number: f"{number:+d}"),
)
PAIRS = st.dictionaries(st.integers(0, 12), NUMBERS, max_size=4).map(
    lambda one: sorted(one.items())
)
LINE = st.tuples(
    st.integers(0, 4), st.integers(1, 3), PAIRS, st.sampled_from(["", "#", " # a:1 é"])
)


@given(st.lists(LINE, min_size=1, max_size=6))
def test_the_fast_way_reads_what_a_plain_loop_reads(lines):
    text = "".join(
        f"{grade} qid:{query} {' '.join(f'{at}:{value}' for at, value in pairs)}{comment}\n"
        for grade, query, pairs, comment in lines
    ).encode()
    fast, slow = parse(text, "f", 1), read_slowly(text, "f", 1)
    width = max([at for _, _, pairs, _ in lines for at, _ in pairs], default=0) + 1
    want = np.zeros((width, len(lines)), np.float32)
    for row, (_, _, pairs, _) in enumerate(lines):
        for at, value in pairs:
            want[at, row] = np.float32(value)
    for block in (fast, slow):
        assert np.array_equal(block.matrix(), want)
        assert block.grade.tolist() == [grade for grade, *_ in lines]
        assert block.query is not None
        assert block.query.to_pylist() == [str(query) for _, query, *_ in lines]
    assert fast.comment.to_pylist() == slow.comment.to_pylist()
    assert highest_feature(text) == width - 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 qid:1 1:x", "line 3: a value must be a number; found 'x'"),
        ("x qid:1 1:1", "line 3: the grade must be a number; found 'x'"),
        ("1 qid:1 a:1", "line 3: a feature must be a whole number from 0 to 99999; found 'a'"),
        ("1 qid:1 1.5:1", "line 3: a feature must be a whole number from 0 to 99999; found '1.5'"),
        ("1 qid:1 100000:1", "line 3: a feature must be .* to 99999; found '100000'"),
        ("1 qid:1 2:1 1:1", "line 3: the features of a line must ascend; found '2 1'"),
        ("1 qid:1 2:1 2:1", "line 3: the features of a line must ascend; found '2 2'"),
        ("1 qid:1 2", "line 3: a line of LETOR is a grade, qid:<query> and .*; found '2'"),
        ("1 qid: 1:1", "line 3: a line of LETOR is .*; found 'qid:'"),
        ("1 qid:1 1:2:3", "line 3: a line of LETOR is .*; found '1:2:3'"),
        ("1 qid:1 :3", "line 3: a line of LETOR is .*; found ':3'"),
        ("1 1:1", "all lines or none must have qid:; found 'none in line 3'"),
    ],
)
def test_a_wrong_line_is_named_with_its_file_and_number(tmp_path, line, message):
    with pytest.raises(LogError, match=f"log.letor(, |: ){message}"):
        read(tmp_path, f"1 qid:1 1:1\n\n{line}\n0 qid:2 2:1\n")


def test_text_that_is_not_utf_8_is_named_with_its_line(tmp_path):
    with pytest.raises(LogError, match=r"log.letor must be text in UTF-8; .* 0xff in line 2"):
        read(tmp_path, b"1 qid:1 1:1\n1 qid:1 1:1 # \xff\n")


def test_groups_of_a_file_beside_it_are_the_queries(tmp_path):
    (tmp_path / "rank.train.query").write_text("2\n0\n1\n")
    got = read(tmp_path, "1 1:1\n0 2:1\n1 1:2\n", "rank.train")
    assert got["query"].to_list() == ["rank.train:1", "rank.train:1", "rank.train:3"]
    assert got["position"].to_list() == [1, 2, 1]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ("1\n", r"train.query must count the rows of .*train \(more than 1\); found .* of 1 rows"),
        ("4\n", r"train.query must count .*train \(exactly 2\); found groups of 4 rows"),
        ("x\n", r"train.query must hold the number of rows of each query; found 'x'"),
        (None, r"train: lines must have qid:, or train.query beside it .*; found neither"),
    ],
)
def test_groups_that_do_not_fit_are_refused(tmp_path, sizes, message):
    if sizes:
        (tmp_path / "train.query").write_text(sizes)
    with pytest.raises(LogError, match=message):
        read(tmp_path, "1 1:1\n0 2:1\n", "train")


def test_queries_that_begin_in_the_middle_of_a_file_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_text, "BLOCK_BYTES", 6)
    (tmp_path / "train.query").write_text("2\n")
    with pytest.raises(LogError, match=r"train: all lines or none must have qid:; found a change"):
        read(tmp_path, "1 1:1\n0 qid:1 2:1\n", "train")


def counts(frame):
    return {int(grade): number for grade, number in frame["grade"].value_counts().iter_rows()}


@pytest.mark.skipif(
    not DATA.exists(), reason="the collected data sets do not lie beside this checkout"
)
def test_every_fold_of_clueweb_has_its_rows_queries_and_grades():
    folds = [f.rows.collect() for f in scan(DATA / "clueweb09_webis" / "*.gz", kind="letor")]
    assert [fold.height for fold in folds] == [5309, 5584, 4686, 5004, 6063]
    assert [fold["query"].n_unique() for fold in folds] == [12, 12, 12, 12, 13]
    whole = pl.concat(folds)
    assert counts(whole) == {0: 21808, 1: 3274, 2: 1242, 3: 172, 4: 150}
    assert whole["document"].str.starts_with("clueweb09-").all()


@pytest.mark.skipif(
    not DATA.exists(), reason="the collected data sets do not lie beside this checkout"
)
def test_judgments_without_features_are_read():
    (file,) = scan(DATA / "hello_ltr_tmdb" / "title_judgments.txt", kind="letor")
    rows = file.rows.collect()
    assert rows.columns == ["grade", "query", "document", "position"]
    assert counts(rows) == {0: 1098, 1: 162, 2: 33, 3: 51, 4: 46}
    assert rows.row(0) == (4.0, "1", "7555", 1)


@pytest.mark.skipif(
    not DATA.exists(), reason="the collected data sets do not lie beside this checkout"
)
@pytest.mark.parametrize(("part", "rows", "queries"), [("train", 3005, 201), ("test", 768, 50)])
def test_lightgbms_example_is_what_scikit_learn_reads(part, rows, queries):
    path = DATA / "lightgbm_lambdarank" / f"rank.{part}"
    ours = read_letor(path)
    matrix, grade = load_svmlight_file(os.fspath(path), zero_based=False)
    assert np.array_equal(ours.matrix[1:].T, matrix.toarray().astype(np.float32))
    assert np.array_equal(ours.grade, grade)
    assert (len(ours.query), ours.query.n_unique()) == (rows, queries)
