import json

import polars as pl
import pytest

from tests.table.tables import COLUMNS, ltr, table

NDCG_B = 0.6309  # one relevant document on rank 2: 1 / log2(3)


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "csv", "ndjson"])
def test_every_format_gives_the_same_numbers(tmp_path, capsys, suffix):
    file = tmp_path / f"scored.{suffix}"
    write = {"arrow": "write_ipc"}.get(suffix, f"write_{suffix}")
    getattr(table(), write)(file)
    assert ltr("evaluate", file, *COLUMNS, "--metrics", "ndcg,mrr", "--resamples", 0) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"evaluate: 7 rows in 3 lists of scored.{suffix}",
        "  ndcg  0.8155  over 2 lists (1 without a value: left out)",
        "  mrr   0.7500  over 2 lists (1 without a value: left out)",
    ]


def test_a_glob_and_a_folder_are_one_table(tmp_path, capsys):
    table().head(5).write_csv(tmp_path / "1.csv")
    table().tail(2).write_csv(tmp_path / "2.csv")
    for source in (tmp_path, tmp_path / "*.csv"):
        assert ltr("evaluate", source, *COLUMNS, "--metrics", "mrr", "--blank", "one") == 0
        assert "mrr  0.8333" in capsys.readouterr().out


def test_the_order_of_rows_changes_nothing_but_ties(tmp_path, capsys):
    said = []
    for seed in (None, 1, 2):
        rows = table() if seed is None else table().sample(fraction=1, shuffle=True, seed=seed)
        rows.write_parquet(tmp_path / "scored.parquet")
        assert ltr("evaluate", tmp_path / "scored.parquet", *COLUMNS, "--memory", 0) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1] == said[2]


def test_a_baseline_column_is_compared_over_the_same_lists(tmp_path, capsys):
    table().write_parquet(tmp_path / "scored.parquet")
    options = ("--metrics", "mrr", "--baseline", "other", "--resamples", 0)
    assert ltr("evaluate", tmp_path / "scored.parquet", *COLUMNS, *options) == 0
    assert "baseline 0.7500, 0.000" in capsys.readouterr().out


def test_a_baseline_file_is_compared_over_the_queries_of_both(tmp_path, capsys):
    table().write_parquet(tmp_path / "ours.parquet")
    theirs = table(s=[0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.4]).with_columns(
        q=pl.col("q").replace({"c": "d"})
    )
    theirs.write_parquet(tmp_path / "theirs.parquet")
    options = ("--metrics", "mrr", "--resamples", 0, "--baseline", tmp_path / "theirs.parquet")
    assert ltr("evaluate", tmp_path / "ours.parquet", *COLUMNS, *options) == 0
    said = capsys.readouterr().out
    assert "mrr  0.7500  over 2 lists; baseline 0.7500" in said
    assert "1 queries that only the candidate's file has" in said
    assert "1 queries that only the baseline's file has" in said


def test_lists_are_weighted(tmp_path, capsys):
    table(w=[3, 3, 3, 1, 1, 1, 1]).write_parquet(tmp_path / "scored.parquet")
    options = ("--metrics", "mrr", "--resamples", 0, "--weight", "w")
    assert ltr("evaluate", tmp_path / "scored.parquet", *COLUMNS, *options) == 0
    assert f"mrr  {(3 * 1 + 0.5) / 4:.4f}" in capsys.readouterr().out


def test_clicks_are_weighted_by_the_inverse_of_their_propensity(tmp_path, capsys):
    table(y=[1, 0, 1, 0, 0, 0, 0], p=[1.0, 1.0, 0.1, 1.0, 1.0, 1.0, 1.0]).write_parquet(
        tmp_path / "s.parquet"
    )
    options = ("--metrics", "ndcg", "--resamples", 0, "--propensity", "p")
    assert ltr("evaluate", tmp_path / "s.parquet", *COLUMNS, *options) == 0
    assert f"ndcg  {(1 + 10 / 2) / (10 + 0.63093):.4f}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "value"),
    [
        (("--gain", "linear"), (1 + 1 + NDCG_B) / 3),
        (("--gain", "0,1,1", "--blank", "zero"), (1 + NDCG_B) / 3),
        (("--preset", "lightgbm"), (1 + NDCG_B + 1) / 3),
        (("--preset", "sklearn"), (1 + NDCG_B) / 3),
        (("--preset", "sklearn", "--blank", "skip"), (1 + NDCG_B) / 2),
    ],
)
def test_definitions_are_chosen(tmp_path, capsys, options, value):
    table().write_parquet(tmp_path / "scored.parquet")
    blank = () if "--blank" in options or "--preset" in options else ("--blank", "one")
    command = ("evaluate", tmp_path / "scored.parquet", *COLUMNS, "--metrics", "ndcg")
    assert ltr(*command, "--resamples", 0, *options, *blank) == 0
    assert f"ndcg  {value:.4f}" in capsys.readouterr().out


def test_the_folder_holds_the_report_and_every_list(tmp_path):
    table().write_parquet(tmp_path / "scored.parquet")
    options = (
        "--by",
        "device",
        "--document",
        "d",
        "--baseline",
        "other",
        "--metrics",
        "mrr,ndcg@1",
    )
    out = tmp_path / "out"
    assert ltr("evaluate", tmp_path / "scored.parquet", *COLUMNS, *options, "--out", out) == 0
    assert {file.name for file in out.iterdir()} == {
        "report.html", "report.md", "report.json", "lists.parquet",
    }  # fmt: skip
    lists = pl.read_parquet(out / "lists.parquet")
    assert lists["query"].to_list() == ["a", "b", "c"]
    assert lists["mrr"].to_list() == [1.0, 0.5, None]
    assert lists["baseline: mrr"].to_list() == [0.5, 1.0, None]
    assert not [name for name in lists.columns if "curve" in name]
    report = json.loads((out / "report.json").read_text())
    assert report["headline"] == "mrr"
    assert {one["by"] for one in report["slices"]} >= {"device", "documents in the list"}
    assert [one["query"] for one in report["worst"]] == ["b"]
    assert [one["text"] for one in report["worst"][0]["shown"]] == ["b1", "b2"]


def test_a_list_whose_slice_differs_within_it_is_counted(tmp_path, capsys):
    rows = table(device=["phone", "desk", "phone", "desk", "desk", "desk", "desk"])
    rows.write_parquet(tmp_path / "scored.parquet")
    assert ltr("evaluate", tmp_path / "scored.parquet", *COLUMNS, "--by", "device") == 0
    assert "1 lists in which device differs" in capsys.readouterr().out


def test_two_files_make_a_report_without_intervals_too(tmp_path):
    table().write_parquet(tmp_path / "ours.parquet")
    table(s=[0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.4]).write_parquet(tmp_path / "theirs.parquet")
    options = ("--baseline", tmp_path / "theirs.parquet", "--resamples", 0, "--metrics", "arp,mrr")
    out = tmp_path / "out"
    assert ltr("evaluate", tmp_path / "ours.parquet", *COLUMNS, *options, "--out", out) == 0
    report = json.loads((out / "report.json").read_text())
    assert [side["name"] for side in report["sides"]] == ["s", "theirs.parquet"]
    assert report["metrics"][0]["lower_is_better"]
    assert sum(report["sides"][0]["histogram"]) == 0


def test_positions_and_reliability_are_summed_over_the_rows(tmp_path):
    table(pos=[1, 2, 3, 1, 2, 1, 2]).write_parquet(tmp_path / "scored.parquet")
    options = ("--position", "pos", "--frequency", "device", "--resamples", 0)
    out = tmp_path / "out"
    assert ltr("evaluate", tmp_path / "scored.parquet", *COLUMNS, *options, "--out", out) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["positions"] == [
        {"position": 1, "documents": 3, "clicked": 1},
        {"position": 2, "documents": 3, "clicked": 2},
        {"position": 3, "documents": 1, "clicked": 0},
    ]
    assert sum(one["documents"] for one in report["reliability"]) == 7
    parts = {(one["by"], one["value"]): one["lists"] for one in report["slices"]}
    assert parts["first relevant document, by pos", "2 to 3"] == 1
    assert parts["frequency of device", "head"] == 2


def test_the_worst_lists_have_the_rank_that_each_document_has_in_the_second_file(tmp_path):
    table().write_parquet(tmp_path / "ours.parquet")
    theirs = table(s=[0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.4]).filter(pl.col("d") != "b1")
    theirs.write_csv(tmp_path / "theirs.csv")
    options = ("--baseline", tmp_path / "theirs.csv", "--document", "d", "--metrics", "mrr")
    out = tmp_path / "out"
    assert ltr("evaluate", tmp_path / "ours.parquet", *COLUMNS, *options, "--out", out) == 0
    [worst] = json.loads((out / "report.json").read_text())["worst"]
    ranks = {one["text"]: (one["rank"], one["baseline_rank"]) for one in worst["shown"]}
    assert ranks == {"b1": (1, None), "b2": (2, 1)}
