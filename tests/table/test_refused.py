import math

import polars as pl
import pytest

from tests.table.tables import COLUMNS, ltr, refused, table

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            table(y=["2", "x", "0", "", "1", "0", "0"]),
            "label column 'y' must hold a number in every row; got 2 that do not, of 7 rows",
        ),
        (
            table(y=[2, None, 0, 0, 1, 0, 0]),
            "label column 'y' must hold a number in every row; got 1 that do not, of 7 rows",
        ),
        (
            table(s=[NAN, 1.0, INF, 0.0, 1.0, -INF, None]),
            "score column 's' must be finite (--nonfinite last ranks such documents last); "
            "got 4 that are not, of 7 rows",
        ),
        (
            table(y=[2, -1, 0, 0, 1, 0, -2]),
            "label column 'y' must not be negative (--negative zero takes it as 0); "
            "got 2 that are, of 7 rows",
        ),
        (
            table(q=["a", None, "a", "b", "b", "c", "c"]),
            "query column 'q' must name a query in every row; got 1 that do not, of 7 rows",
        ),
        (table().clear(), "scored.parquet: the table must have rows; found none"),
        (table().drop("s").with_columns(sc=1.0), "--score: the table has no column 's'"),
    ],
)
def test_rows_that_cannot_be_used_are_one_line_with_their_number(tmp_path, capsys, rows, message):
    rows.write_parquet(tmp_path / "scored.parquet")
    assert message in refused(capsys, "evaluate", tmp_path / "scored.parquet", *COLUMNS)


@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
def test_a_word_among_the_labels_of_a_text_file_is_counted_too(tmp_path, capsys, suffix):
    rows = table(y=["2", "1", "0", "0", "1", "none", "0"])
    getattr(rows, f"write_{suffix}")(tmp_path / f"scored.{suffix}")
    said = refused(capsys, "evaluate", tmp_path / f"scored.{suffix}", *COLUMNS)
    assert said.endswith("must hold a number in every row; got 1 that do not, of 7 rows")


def test_scores_that_are_not_finite_are_ranked_last_by_choice_and_counted(tmp_path, capsys):
    table(s=[NAN, 0.5, 0.1, INF, -5.0, 0.3, 0.4]).write_parquet(tmp_path / "scored.parquet")
    options = ("--nonfinite", "last", "--metrics", "mrr", "--resamples", 0)
    assert ltr("evaluate", tmp_path / "scored.parquet", *COLUMNS, *options) == 0
    said = capsys.readouterr().out
    assert "mrr  1.0000" in said
    assert "2 score not finite" in said


def test_negative_labels_are_taken_as_0_by_choice_and_counted(tmp_path, capsys):
    table(y=[2, -1, 0, 0, 1, 0, 0]).write_parquet(tmp_path / "scored.parquet")
    assert ltr("evaluate", tmp_path / "scored.parquet", *COLUMNS, "--negative", "zero") == 0
    assert "1 negative label" in capsys.readouterr().out


def test_a_document_twice_in_a_list_is_refused_or_kept_by_choice(tmp_path, capsys):
    file = tmp_path / "scored.parquet"
    table(d=["a1", "a1", "a3", "b1", "a1", "c1", "c2"]).write_parquet(file)
    said = refused(capsys, "evaluate", file, *COLUMNS, "--document", "d")
    assert "document column 'd' must not name a document twice in a list" in said
    assert said.endswith("got 2 rows that do")
    assert ltr("evaluate", file, *COLUMNS, "--document", "d", "--duplicates", "keep") == 0
    assert "2 rows of a document that is in its list more than once" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--metrics", "ndcg@0"), "--metrics: k must be a whole number from 1; got 'ndcg@0'"),
        (("--gain", "cubic"), "--gain: must be exp2, linear, or gains from 0"),
        (("--preset", "lucene"), "--preset must be one of"),
        (("--ties", "none"), "--ties: must be one of averaged"),
        (
            ("--baseline", "othr"),
            "--baseline: the table has no column 'othr'; did you mean",
        ),
        (("--baseline", "no/file.parquet"), "found no file"),
        (("--resamples", 5), "--resamples: must be 0 or at least 100; got 5"),
        (("--trec",), "--trec: writes into --out, and needs --document"),
        (("--relevant", 2, "--metrics", "ndcg"), "--relevant: concerns none of the metrics"),
    ],
)
def test_options_that_do_not_fit_are_one_line(tmp_path, capsys, options, message):
    table().write_parquet(tmp_path / "scored.parquet")
    command = ("evaluate", tmp_path / "scored.parquet", *COLUMNS)
    assert message in refused(capsys, *command, *options)


def test_a_table_needs_its_columns_and_a_job_file_takes_none(tmp_path, capsys):
    table().write_parquet(tmp_path / "scored.parquet")
    said = refused(capsys, "evaluate", tmp_path / "scored.parquet", "--query", "q")
    assert said == "a scored table needs --query, --score and --label (or --qrels)"
    said = refused(capsys, "evaluate", tmp_path / "job.toml", "--query", "q")
    assert said == "--query: is for a scored table; a job file says how it is evaluated"


def test_two_files_without_a_common_query_are_refused(tmp_path, capsys):
    table().write_parquet(tmp_path / "ours.parquet")
    table().with_columns(pl.col("q") + "x").write_parquet(tmp_path / "theirs.parquet")
    options = ("--baseline", tmp_path / "theirs.parquet")
    said = refused(capsys, "evaluate", tmp_path / "ours.parquet", *COLUMNS, *options)
    assert said.startswith("no query is in both files")
