from pathlib import Path

import pytest

from pipelines.errors import TableError
from pipelines.table.trec import scan_qrels, scan_run
from tests.table.tables import ltr, refused, table

DATA = Path(__file__).parents[2] / "../shared/data"

QRELS = "q1 0 d1 1\nq1 0 d2 0\nq1 0 d9 2\nq2 0 d1 -1\nq2 0 d2 1\nq4 0 d1 1\n"
RUN = "q1 Q0 d2 1 2.0 x\nq1 Q0 d1 2 1.0 x\nq1 Q0 d7 3 0.5 x\nq2 Q0 d2 1 9 x\nq3 Q0 d1 1 1 x\n"


@pytest.fixture
def pair(tmp_path):
    (tmp_path / "qrels.txt").write_text(QRELS)
    (tmp_path / "run.txt").write_text(RUN)
    return tmp_path / "run.txt", "--qrels", tmp_path / "qrels.txt"


def test_a_pair_is_measured_with_all_judged_documents_in_the_ideal(pair, capsys):
    options = ("--metrics", "map,recall", "--resamples", 0)
    assert ltr("evaluate", *pair, *options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == f"  map     {(1 / 4 + 1) / 2:.4f}  over 2 lists"
    assert lines[2] == f"  recall  {(1 / 2 + 1) / 2:.4f}  over 2 lists"
    assert sorted(line.strip() for line in lines[3:]) == [
        "1 judged queries that were not ranked",
        "1 negative label",
        "1 queries without judgments",
        "1 ranked documents without judgment",
    ]


def test_a_second_run_is_the_baseline(pair, tmp_path, capsys):
    (tmp_path / "other.txt").write_text("q1 Q0 d1 1 2.0 x\nq2 Q0 d7 1 9 x\nq2 Q0 d2 2 8 x\n")
    options = ("--metrics", "mrr", "--resamples", 0, "--baseline", tmp_path / "other.txt")
    assert ltr("evaluate", *pair, *options) == 0
    assert "mrr  0.7500  over 2 lists; baseline 0.7500" in capsys.readouterr().out


def test_what_is_written_reads_back_as_the_same_numbers(tmp_path, capsys):
    table().write_parquet(tmp_path / "scored.parquet")
    columns = ("--query", "q", "--label", "y", "--score", "s", "--document", "d")
    options = ("--metrics", "ndcg,map", "--resamples", 0)
    command = ("evaluate", tmp_path / "scored.parquet", *columns, *options)
    assert ltr(*command, "--trec", "--out", tmp_path / "out") == 0
    ours = capsys.readouterr().out.splitlines()[-2:]
    pair = (tmp_path / "out/run.txt", "--qrels", tmp_path / "out/qrels.txt")
    assert ltr("evaluate", *pair, *options) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ours
    assert (tmp_path / "out/run.txt").read_text().startswith("a Q0 a1 1 0.9 ltr\n")
    assert (tmp_path / "out/qrels.txt").read_text().startswith("a 0 a1 2\n")


def test_a_run_needs_its_judgments(pair, capsys):
    assert refused(capsys, "evaluate", pair[0]).endswith("a TREC run needs its judgments: --qrels")


@pytest.mark.parametrize(
    ("text", "message"),
    [("q1 Q0 d1 1 2.0\n", "has 6 fields; got 5 in line 1"), ("", "the run file is empty")],
)
def test_a_run_that_is_none_is_said(tmp_path, text, message):
    (tmp_path / "run.txt").write_text(text)
    with pytest.raises(TableError, match=message):
        scan_run(tmp_path / "run.txt").collect()


def test_tabs_blank_lines_and_comments_are_read(tmp_path):
    (tmp_path / "qrels.txt").write_text("# judged\nq1\t0  d1\t2\n\n")
    assert scan_qrels(tmp_path / "qrels.txt").collect().rows() == [("q1", "d1", "2")]


@pytest.mark.skipif(not DATA.exists(), reason="the public judgments are not on this machine")
@pytest.mark.parametrize(
    ("folder", "run", "qrels", "metrics", "expected"),
    [
        (
            "trec_dl19",
            "run.msmarco-v1-passage.bm25-default.dl19.txt",
            "qrels.dl19-passage.txt",
            "ndcg@10",
            [0.5058],
        ),
        (
            "trec_dl19",
            "run.msmarco-v1-passage.bm25-default.dl19.txt",
            "qrels.dl19-passage.txt",
            "map,recall@1000,mrr",
            ["relevant", 0.3013, 0.7501, 0.7036],
        ),
        (
            "trec_dl19",
            "run.msmarco-v1-passage.bm25-default.dl19.txt",
            "qrels.dl19-passage.txt",
            "recall@100",
            ["relevant", 0.4910],
        ),
        (
            "trec_covid",
            "run.beir.bm25-flat.trec-covid.txt",
            "qrels.beir-v1.0.0-trec-covid.test.txt",
            "ndcg@10,recall@100,recall@1000,map,p@10",
            [0.5947, 0.1091, 0.3955, 0.1871, 0.6440],
        ),
        (
            "trec_eval_test",
            "results.test",
            "qrels.test",
            "map,mrr,p@10,ndcg,ndcg@10",
            [0.1785, 0.4064, 0.3000, 0.4021, 0.3016],
        ),
    ],
)
def test_published_numbers_are_met_to_their_digits(capsys, folder, run, qrels, metrics, expected):
    pair = (DATA / folder / run, "--qrels", DATA / folder / qrels)
    relevant = ("--relevant", 2) if expected[0] == "relevant" else ()
    options = ("--metrics", metrics, "--preset", "trec_eval", "--resamples", 0, *relevant)
    assert ltr("evaluate", *pair, *options) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    values = [line.split()[1] for line in lines if line.split()[0] in metrics.split(",")]
    wanted = [one for one in expected if one != "relevant"]
    for got, want in zip(values, wanted, strict=True):
        assert got == f"{want:.4f}"


def test_a_pair_is_written_as_it_was_read(pair, tmp_path):
    assert ltr("evaluate", *pair, "--trec", "--out", tmp_path / "out", "--metrics", "map") == 0
    written = scan_run(tmp_path / "out/run.txt").collect().sort("query", "document")
    assert written["document"].to_list() == ["d1", "d2", "d7", "d2", "d1"]
    assert scan_qrels(tmp_path / "out/qrels.txt").collect().height == len(QRELS.splitlines())
