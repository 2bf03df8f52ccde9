"""Metrics that are no plain mean over lists: the calibration error and the group AUC."""

import json

import polars as pl
import pytest
import torch

from ltr.metrics import calibration_error, group_auc
from tests.table.tables import COLUMNS, ltr, refused, table


def scored(lists=60, seed=0):
    """Lists of 2 to 5 documents with a probability that is right, and one that is too high."""
    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(2, 6, (lists,), generator=generator)
    p = torch.rand(int(lengths.sum()), generator=generator, dtype=torch.float64)
    clicked = torch.rand(len(p), generator=generator, dtype=torch.float64) < p
    query = torch.arange(lists).repeat_interleave(lengths)
    columns = {"q": query, "y": clicked.long(), "s": p, "high": (p + 1) / 2, "half": query % 2}
    return pl.DataFrame({name: column.numpy() for name, column in columns.items()}), lengths


def report(tmp_path, rows, *options):
    rows.write_parquet(tmp_path / "scored.parquet")
    options = (*COLUMNS, *options, "--out", tmp_path / "out")
    assert ltr("evaluate", tmp_path / "scored.parquet", *options) == 0
    return json.loads((tmp_path / "out/report.json").read_text())


def tensors(rows, lengths, score="s"):
    return rows[score].to_torch(), rows["y"].to_torch(), {"lengths": lengths}


def test_the_calibration_error_is_that_of_all_documents_together(tmp_path):
    rows, lengths = scored()
    found = report(tmp_path, rows, "--metrics", "ece,ece(bins=5)", "--baseline", "high")
    for one, bins in zip(found["metrics"], (15, 5), strict=True):
        for side, score in (("candidate", "s"), ("baseline", "high")):
            expected = calibration_error(rows[score].to_torch(), rows["y"].to_torch(), bins=bins)
            assert one[side]["value"] == pytest.approx(expected.item())
        assert one["difference"]["high"] < 0
        assert one["p"] is None
        assert one["candidate"]["lists"] == len(lengths)
    parts = {one["value"]: one for one in found["slices"] if one["by"] == "documents in the list"}
    assert parts["2 to 5"]["candidate"] == found["metrics"][0]["candidate"]
    assert found["worst"] == []
    assert "ece" not in pl.read_parquet(tmp_path / "out/lists.parquet").columns


def test_the_calibration_error_of_a_slice_is_that_of_its_documents(tmp_path):
    rows, _ = scored()
    found = report(tmp_path, rows, "--metrics", "ece", "--by", "half", "--weight", "half")
    odd = rows.filter(half=1)
    expected = calibration_error(odd["s"].to_torch(), odd["y"].to_torch()).item()
    [part] = [one for one in found["slices"] if (one["by"], one["value"]) == ("half", "1")]
    assert part["candidate"]["value"] == pytest.approx(expected)
    # Lists of weight 0 do not count.
    assert found["metrics"][0]["candidate"]["value"] == pytest.approx(expected)


def test_group_auc_weighs_lists_by_their_documents(tmp_path):
    rows, lengths = scored()
    found = report(tmp_path, rows, "--metrics", "group_auc,auc", "--baseline", "high")
    gauc, auc = (one["candidate"] for one in found["metrics"])
    scores, labels, layout = tensors(rows, lengths)
    assert gauc["value"] == pytest.approx(group_auc(scores, labels, **layout).item())
    assert gauc["value"] != auc["value"]
    assert gauc["lists"] == auc["lists"]
    assert found["metrics"][0]["difference"]["value"] == pytest.approx(0)


def test_a_second_file_can_be_the_baseline_and_no_interval_asked_for(tmp_path):
    rows, _ = scored()
    rows.with_columns(s="high").write_parquet(tmp_path / "other.parquet")
    options = ("--metrics", "ece", "--resamples", 0, "--baseline", tmp_path / "other.parquet")
    [one] = report(tmp_path, rows, *options)["metrics"]
    assert one["difference"]["value"] < 0
    assert one["difference"]["low"] is None


def test_scores_that_are_no_probabilities_are_counted(tmp_path, capsys):
    table(s=[0.9, 1.5, 0.1, -0.8, 0.2, None, 0.4]).write_parquet(tmp_path / "s.parquet")
    options = (*COLUMNS, "--metrics", "ece", "--nonfinite", "last")
    assert refused(capsys, "evaluate", tmp_path / "s.parquet", *options) == (
        "score column 's' must be a probability from 0 to 1 for ece; got 3 that are not, of 7 rows"
    )


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("ece(bins=0)", "bins must be at least 1; got 0"),
        ("rbp(p=2)", "persistence"),
        ("err(max=1)", "max_grade"),
    ],
)
def test_an_argument_or_a_label_that_a_metric_cannot_use_is_one_line(
    tmp_path, capsys, metric, message
):
    table().write_parquet(tmp_path / "s.parquet")
    said = refused(capsys, "evaluate", tmp_path / "s.parquet", *COLUMNS, "--metrics", metric)
    assert said.startswith(f"{metric}: ")
    assert message in said
