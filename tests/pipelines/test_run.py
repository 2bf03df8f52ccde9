"""The main job end to end: log in, report out."""

import json
import re
from pathlib import Path

import polars as pl
import pytest
from safetensors.torch import load_file, save_file

from ltr.training import load_ranker
from pipelines.baselines import LOGGED, POPULARITY, RANDOM
from pipelines.cli import main
from pipelines.report import Report, read_report

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample_data" / "job.toml"
CLARA2 = ROOT.parent / "shared" / "data" / "clara2"


def ltr(*arguments):
    return main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample")
    assert ltr("run", SAMPLE, "--out", out) == 0
    return out


def read(run) -> Report:
    return read_report(run / "report" / "report.json")


def test_the_model_beats_logged_order_and_popularity_beyond_doubt(run):
    report = read(run)
    quality = {ranker.name: ranker.ndcg[10].value for ranker in report.rankers}
    order = sorted(quality, key=lambda name: quality[name] or 0, reverse=True)
    assert order == ["model", LOGGED, POPULARITY, RANDOM]
    assert report.headline.baseline == LOGGED
    assert report.headline.estimate.low is not None
    assert report.headline.estimate.low > 0


def test_random_order_is_the_exact_expectation(run):
    """Of one list: the mean over all orders of the discounts its gains can meet."""
    values = pl.read_parquet(run / "report" / "lists.parquet")
    lists = pl.read_ipc(run / "lists" / "test" / "00000.arrow")
    grades = lists["grade"][0].to_list()
    gains = sorted((2**grade - 1 for grade in grades), reverse=True)
    discounts = [1 / pl.Series([rank + 2.0]).log(2).item() for rank in range(len(grades))]
    ideal = sum(gain * discount for gain, discount in zip(gains[:10], discounts, strict=False))
    expected = sum(gains) * sum(discounts[:10]) / len(grades) / ideal
    assert values[f"{RANDOM}: ndcg@10"][0] == pytest.approx(expected)


def test_there_is_a_value_per_list_and_ranker_and_blank_lists_are_null(run):
    report, values = read(run), pl.read_parquet(run / "report" / "lists.parquet")
    assert values.height == report.data.test.lists
    column = values["model: ndcg@10"]
    assert column.null_count() == report.model.ndcg[10].blank == 84
    assert column.mean() == pytest.approx(report.model.ndcg[10].value)


def test_the_report_accounts_for_every_row_of_the_log(run):
    data = read(run).data
    assert data.rows.kept == sum(split.documents for split in data.splits.values())
    assert data.rows.rejected["list is longer than lists.max_documents"] == 1500
    assert data.events is not None
    assert data.events.attributed == 11_928


def test_the_page_needs_nothing_but_itself(run):
    page = (run / "report" / "report.html").read_text()
    assert not re.search(r"""(src|href)\s*=\s*"(?!#)|@import|url\((?!#)""", page)
    assert page.count("<svg") >= 5


def test_a_better_document_in_truth_gets_a_better_score(run):
    """Within a list, by rank correlation with the relevance that made the clicks."""
    truth = pl.read_parquet(ROOT / "sample_data" / "truth.parquet")
    scores = scored(run).join(truth, on=["request_id", "document_id"])
    correlation = scores.group_by("request_id").agg(
        pl.corr("score", "relevance", method="spearman").alias("model"),
        pl.corr(-pl.col("position"), "relevance", method="spearman").alias("logged"),
    )
    means = correlation.select(pl.col("model", "logged").fill_nan(None).mean()).row(0)
    assert means[0] > means[1] + 0.1


def scored(run):
    from ltr.data.reader import Lists
    from ltr.training import score

    scores = score(load_ranker(run / "model"), Lists(run / "lists", "test"))
    lists = pl.read_ipc(run / "lists" / "test" / "00000.arrow")
    rows = lists.select(pl.col("query_id").alias("request_id"), "document_id", "position")
    return rows.explode("document_id", "position").with_columns(score=pl.Series(scores.numpy()))


def test_the_same_job_gives_the_same_bytes_and_prints_what_the_readme_says(run, tmp_path, capsys):
    assert ltr("run", SAMPLE, "--out", tmp_path / run.name) == 0
    printed = capsys.readouterr().out.replace(str(tmp_path / run.name), "runs/sample")
    readme = (ROOT / "README.md").read_text()
    # Digits may differ with the processor, in the last place that is shown.
    assert re.sub(r"[\d.,]+", "N", printed) in re.sub(r"[\d.,]+", "N", readme)
    for name in (
        "lists/manifest.json",
        "model/model.safetensors",
        "model/history.json",
        "report/report.json",
        "report/report.html",
        "report/report.md",
    ):
        assert (tmp_path / run.name / name).read_bytes() == (run / name).read_bytes(), name


@pytest.fixture
def copy(run, tmp_path):
    """The lists and the model of the run, where a test may spoil them."""
    for part in ("lists", "model"):
        (tmp_path / part).mkdir()
        for path in sorted((run / part).rglob("*")):
            target = tmp_path / part / path.relative_to(run / part)
            if path.is_dir():
                target.mkdir()
            else:
                target.write_bytes(path.read_bytes())
    return tmp_path


def refused(capsys, *arguments):
    assert ltr(*arguments) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("ltr: error: ")
    return line


def test_training_without_lists_says_what_is_missing(tmp_path, capsys):
    assert "there are no lists yet" in refused(capsys, "train", SAMPLE, "--out", tmp_path)
    assert not (tmp_path / "model").exists()


def test_evaluating_without_a_model_says_what_is_missing(copy, capsys):
    (copy / "model" / "model.json").unlink()
    assert "model is no folder of a model" in refused(capsys, "evaluate", SAMPLE, "--out", copy)


def test_a_model_of_another_encoder_is_refused(copy, capsys):
    path = copy / "lists" / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "encoder": "ab" * 32}))
    said = refused(capsys, "evaluate", SAMPLE, "--out", copy)
    assert "must be encoded as those of the training" in said
    assert not (copy / "report").exists()


def test_scores_that_are_not_finite_are_refused(copy, capsys):
    path = copy / "model" / "model.safetensors"
    weights = {name: weight * float("nan") for name, weight in load_file(path).items()}
    save_file(weights, path)
    assert "scores must be finite; got 13181 of" in refused(
        capsys, "evaluate", SAMPLE, "--out", copy
    )


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (
            'name = "grade_hinge"',
            r"loss\.name: no loss is called .*; did you mean 'graded_hinge'",
        ),
        (
            'name = "graded_hinge"\n[loss.arguments]\nmargn = 1',
            r"loss\.arguments\.margn: is no .*; did you mean .margin.\?",
        ),
        (
            'name = "graded_hinge"\n[loss.arguments]\nmargin = "a"',
            r"loss\.arguments\.margin: must be float; got .a.$",
        ),
    ],
)
def test_a_wrong_loss_is_refused_before_the_log_is_read(tmp_path, capsys, loss, message):
    text = SAMPLE.read_text()
    start, end = text.index("[loss]"), text.index("[training]")
    (tmp_path / "job.toml").write_text(text[:start] + f"[loss]\n{loss}\n" + text[end:])
    said = refused(capsys, "run", tmp_path / "job.toml", "--out", tmp_path / "run")
    assert re.search(message, said)
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(not CLARA2.exists(), reason="needs the shared CLARA 2 log")
def test_a_real_search_log_runs_through_the_same_three_commands(tmp_path):
    example = ROOT / "examples" / "clara2.toml"
    for command in (["prepare", "--log", CLARA2], ["train"], ["evaluate"]):
        assert ltr(command[0], example, *command[1:], "--out", tmp_path) == 0
    report = read(tmp_path)
    assert report.data.rows.read == 315_640
    assert report.data.events is not None
    assert report.data.events.read == 11_613
    assert report.data.events.attributed == 10_893
    clicks = [rate.clicked / rate.documents for rate in report.positions[:3]]
    assert clicks == sorted(clicks, reverse=True)
    assert report.headline.baseline == LOGGED
    assert report.headline.estimate.high is not None
    assert report.headline.estimate.high < 0
