"""Two nights with one command: the second begins with the model of the first."""

import re
from pathlib import Path

import polars as pl
import pytest
import torch
from torch import nn

from ltr.data.batch import RankingBatch
from ltr.data.manifest import Manifest
from ltr.data.sparse import KeyedJaggedTensor, keyed_jagged
from ltr.towers import make_ranker
from ltr.training import ModelCard, load_ranker
from ltr.training.checkpoint import load_optimizer
from ltr.training.warm_start import Inheritance
from pipelines.cli import main
from pipelines.encoder import Encoder
from pipelines.warm_start import warm_start

JOB = """
output = "run"
[log]
path = "log.parquet"
query = "q"
document = "d"
time = "t"
position = "p"
grade = "g"
[features]
extend = true
min_count = 1
[features.query]
ids = ["user"]
[features.document]
ids = ["d"]
numbers = ["price"]
[towers]
embedding_dim = 4
query = [8, 4]
document = [8, 4]
scorer = [4]
[training]
epochs = 1
lists_per_batch = 16
"""


def write_log(folder: Path, night: int) -> None:
    """Each night the catalogue moves on by ten documents of forty, and new users come."""
    rows = [
        {
            "q": f"n{night}-{query:03}",
            "user": f"u{query % 15 + 5 * night}",
            "d": f"d{(query * 7 + doc * 3) % 40 + 10 * night}",
            "t": night * 1000 + query,
            "p": doc + 1,
            "g": (query + doc) % 3,
            "price": float((query * doc) % 11),
        }
        for query in range(120)
        for doc in range(6)
    ]
    pl.DataFrame(rows).write_parquet(folder / "log.parquet")


def ltr(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture
def job(tmp_path: Path) -> Path:
    path = tmp_path / "job.toml"
    path.write_text(JOB)
    write_log(tmp_path, 0)
    assert ltr("prepare", path) == 0
    return path


def kept(run: Path) -> dict[str, tuple[int, int]]:
    parent = ModelCard.load(run / "model").parent
    assert parent is not None
    assert parent.optimizer
    return {column: (rows.kept, rows.new) for column, rows in parent.tables.items()}


def test_the_second_night_goes_on_with_the_ids_that_are_still_there(
    job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert ltr("train", job, "--warm-start", "previous") == 0, "there is no previous model yet"
    assert ModelCard.load(run / "model").parent is None
    before = Encoder.load(run / "model" / "encoder")
    state = load_optimizer(run / "model")
    write_log(tmp_path, 1)
    assert ltr("prepare", job) == 0
    assert ltr("train", job, "--warm-start", "previous") == 0
    assert re.search(
        r"begins with .*run/model: query/user \d+ of \d+ rows, doc", capsys.readouterr().err
    )
    today = Encoder.load(run / "lists" / "encoder")
    rows = today.rows_from(before, "document/d")
    assert kept(run)["document/d"] == (int((rows >= 0).sum()), int((rows < 0).sum()))
    assert 20 < kept(run)["document/d"][0] < 41
    slot = "document_tower.tables.embedding_bags.0_d.weight.momentum1"
    follows = rows > 0
    after = load_optimizer(run / "model")[slot].numpy()
    assert (after[follows] >= state[slot].numpy()[rows[follows]]).all(), "Adagrad only adds"


def _scores(ranker: nn.Module, encoder: Encoder, rows: pl.LazyFrame) -> torch.Tensor:
    """Score rows that are a list each, as an encoder sees them."""
    seen = encoder.transform(encoder.from_log(rows, query="q")).collect()
    ones = torch.ones(len(seen), dtype=torch.int64)

    def ids(column: str) -> KeyedJaggedTensor:
        values = torch.from_numpy(seen[column].to_numpy().copy())
        assert bool((values > 0).all()), "known on both nights"
        return keyed_jagged([column], [(values, ones)])

    batch = RankingBatch(
        grades=torch.zeros(len(seen)),
        lengths=ones,
        query_dense=torch.empty(len(seen), 0),
        document_dense=torch.from_numpy(seen["document/price"].to_numpy().copy())[:, None],
        query_sparse=ids("query/user"),
        document_sparse=ids("document/d"),
    )
    scores: torch.Tensor = ranker.eval()(batch)
    return scores.detach()


def test_what_both_nights_know_is_scored_alike_before_the_second_trains(
    job: Path, tmp_path: Path
) -> None:
    """Through two encoders that number the ids in two ways; the number is not scaled."""
    unscaled = JOB.replace('["price"]', '["price"]\ncolumns = { price = { scale = "none" } }')
    job.write_text(unscaled.replace("extend = true", "extend = false"))
    run = tmp_path / "run"
    assert ltr("prepare", job) == 0
    assert ltr("train", job) == 0
    write_log(tmp_path, 1)
    assert ltr("prepare", job) == 0
    manifest, recipe = Manifest.load(run / "lists"), ModelCard.load(run / "model").recipe
    warm = make_ranker(manifest.features, recipe.towers, seed=99)
    Inheritance.into(warm, warm_start(run / "model", run / "lists"), manifest, recipe)
    both = [f"d{number}" for number in range(12, 38)]
    rows = pl.LazyFrame({"q": both, "d": both, "user": "u7", "price": 3.0})
    encoders = [Encoder.load(run / part / "encoder") for part in ("model", "lists")]
    before, after = (one.rows_from(encoders[0], "document/d") for one in encoders)
    assert before.tolist() != after[: len(before)].tolist(), "or nothing has moved"
    torch.testing.assert_close(
        _scores(warm, encoders[1], rows),
        _scores(load_ranker(run / "model"), encoders[0], rows),
        atol=1e-6,
        rtol=0,
    )


def test_the_job_file_names_the_model_of_another_run(job: Path, tmp_path: Path) -> None:
    assert ltr("train", job, "--out", tmp_path / "run") == 0
    second = tmp_path / "second.toml"
    second.write_text(job.read_text().replace('"run"', '"other"') + 'warm_start = "run"\n')
    assert ltr("prepare", second) == 0
    assert ltr("train", second) == 0
    card = ModelCard.load(tmp_path / "other" / "model")
    assert card.parent is not None
    assert card.encoder == Manifest.load(tmp_path / "other" / "lists").encoder
    assert kept(tmp_path / "other")["query/user"][1] == 0
    assert "warm_start" not in card.recipe.training.model_dump()
    assert ltr("train", second, "--warm-start", "") == 0
    assert ModelCard.load(tmp_path / "other" / "model").parent is None


def test_a_table_that_both_sides_share_follows_its_ids(job: Path, tmp_path: Path) -> None:
    for night in range(2):
        write_log(tmp_path, night)
        log = pl.read_parquet(tmp_path / "log.parquet")
        shown = pl.col("d").shift(6).over(pl.lit(1))
        log = log.with_columns(seen=pl.concat_list(shown.fill_null("d0"), pl.lit("never shown")))
        log.write_parquet(tmp_path / "log.parquet")
        shared = 'columns = { seen = { vocabulary = "document/d" } }'
        lists = f'ids = ["user"]\nid_lists = ["seen"]\n{shared}\n'
        job.write_text(JOB.replace('ids = ["user"]\n', lists, 1) + 'warm_start = "previous"\n')
        assert ltr("prepare", job) == 0
        assert ltr("train", job) == 0
    manifest = Manifest.load(tmp_path / "run" / "lists")
    seen = next(one for one in manifest.features if one.name == "seen")
    assert seen.table == "document/d"
    known = Encoder.load(tmp_path / "run" / "model" / "encoder").known
    assert known["query/seen"] is known["document/d"]
    rows = kept(tmp_path / "run")["query/seen,document/d"]
    assert sum(rows) == seen.size
    assert 20 < rows[0] < 41


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert ltr(*arguments) == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_a_folder_without_a_model_is_refused_before_any_work(
    job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, "train", job, "--warm-start", tmp_path / "nowhere")
    assert "nowhere: training.warm_start must be the folder of a model or of a run" in said
    job.write_text(JOB + 'warm_start = "nowhere"\n')
    assert "training.warm_start must be" in refused(capsys, "run", job)


def test_a_model_of_other_features_is_refused_by_name(
    job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ltr("train", job) == 0
    job.write_text(JOB.replace('ids = ["d"]', 'ids = ["d", "p"]'))
    assert ltr("prepare", job) == 0
    said = refused(capsys, "train", job, "--warm-start", "previous")
    assert said.endswith("features of the model it begins with: document/p is new")
    assert ModelCard.load(tmp_path / "run" / "model").parent is None


def test_an_encoder_that_is_not_the_models_is_refused(
    job: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ltr("train", job) == 0
    model = tmp_path / "run" / "model"
    card = (model / "model.json").read_text()
    (model / "model.json").write_text(re.sub('"encoder": "[0-9a-f]+"', '"encoder": "ab"', card))
    said = refused(capsys, "train", job, "--warm-start", "previous")
    assert "must be the encoder with the fingerprint ab; the folder has" in said
