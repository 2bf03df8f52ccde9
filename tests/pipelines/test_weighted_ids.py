"""A list of ids with a parallel list of weights, from the log to the model and back."""

import shutil
from pathlib import Path

import polars as pl
import pytest
import torch

from ltr.data.manifest import Manifest
from ltr.data.reader import Lists
from ltr.training import ModelCard, load_ranker, score
from pipelines.cli import main
from pipelines.config import Column, Features, SideFeatures
from pipelines.encoder import Counts, Encoder
from pipelines.errors import ConfigError, LogError
from pipelines.inspect.one_list import find_lists
from tests.pipelines.cuts import cut_into

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
id_lists = ["history"]
[features.query.columns]
history = { vocabulary = "document/d", weights = "recency", max_length = 2 }
[features.document]
ids = ["d"]
id_lists = ["tags", "plain"]
numbers = ["price*"]
[features.document.columns]
tags = { weights = "price_of_tags", max_length = 2, keep = "frequent" }
[towers]
embedding_dim = 4
query = [4]
document = [4]
interaction = "dot"
[training]
epochs = 1
lists_per_batch = 16
"""


def rows(night: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "q": f"n{night}-{query:03}",
                "d": f"d{(query * 7 + doc * 3) % 40 + 10 * night}",
                "t": night * 1000 + query,
                "p": doc + 1,
                "g": (query + doc) % 3,
                "history": [f"d{query % 40 + 10 * night}", "d1", "d2"][: query % 4],
                "recency": [1.0, 0.5, 0.25][: query % 4],
                "tags": [f"t{doc}", "all", None],
                "price_of_tags": [2.0, 1.0 + doc, 0.5],
                "plain": ["a", f"b{doc}"],
                "price": float((query * doc) % 11),
            }
            for query in range(120)
            for doc in range(6)
        ]
    )


def ltr(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weighted")
    (folder / "job.toml").write_text(JOB)
    rows().write_parquet(folder / "log.parquet")
    assert ltr("run", folder / "job.toml") == 0
    return folder / "run"


def test_ids_and_weights_are_cut_together(run: Path) -> None:
    [file, *_] = sorted((run / "lists" / "train").glob("*.arrow"))
    first = pl.read_ipc(file).filter(query_id="n0-003").row(0, named=True)
    assert len(first["query/history"]) == 2
    assert first["query/history:weights"] == [1.0, 0.5]
    # The most frequent two of three: "all", and the document's own rather than the null.
    assert first["document/tags:weights"][:2] == [[2.0, 1.0], [2.0, 2.0]]
    assert all(len(ids) == 2 for ids in first["document/tags"])
    features = {one.column: one for one in Manifest.load(run / "lists", verify=True).features}
    weighted = [column for column, one in features.items() if one.weighted]
    assert weighted == ["query/history", "document/tags"]
    assert "document/price" in features, "a pattern of numbers does not stand for weights"
    assert "document/price_of_tags" not in features


def test_the_model_reads_the_weights(run: Path) -> None:
    lists, ranker = Lists(run / "lists", "test"), load_ranker(run / "model")
    assert torch.isfinite(score(ranker, lists)).all()
    batch = lists.gather(torch.arange(4))
    assert batch.document_sparse is not None
    before = ranker(batch)
    batch.document_sparse.weights()[:] = torch.rand(len(batch.document_sparse.weights()))
    assert not torch.allclose(ranker(batch), before)


def test_rows_to_score_get_the_weights_that_prepare_wrote(run: Path) -> None:
    encoder = Encoder.load(run / "lists" / "encoder")
    encoded = encoder.transform(encoder.from_log(rows().lazy(), query="q")).collect()
    [file, *_] = sorted((run / "lists" / "train").glob("*.arrow"))
    columns = ["document/tags", "document/tags:weights"]
    ours = encoded.filter(query_id="n0-003").select(columns)
    theirs = pl.read_ipc(file).filter(query_id="n0-003").select(columns).explode(columns)
    assert ours.equals(theirs)


def test_a_list_is_read_back_with_its_weights(run: Path) -> None:
    _, [one] = find_lists(run / "lists", "n0-003")
    assert one.features["history"] == ["d3 (1)", "d1 (0.5)"]
    assert one.documents[1].features["tags"] == ["t1 (2)", "all (2)"]
    assert one.documents[1].features["plain"] == ["a", "b1"]


def test_the_next_night_begins_with_the_model_and_has_vectors(run: Path, tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text(JOB)
    rows(1).write_parquet(tmp_path / "log.parquet")
    begin = ("--warm-start", run / "model")
    shutil.copytree(run, tmp_path / "run", symlinks=True)
    assert ltr("prepare", tmp_path / "job.toml") == 0
    assert ltr("train", tmp_path / "job.toml", *begin) == 0
    parent = ModelCard.load(tmp_path / "run" / "model").parent
    assert parent is not None
    tables = parent.tables
    assert tables["query/history,document/d"].kept > 20
    assert tables["document/tags"].kept > 5
    assert ltr("vectors", tmp_path / "run", "--out", tmp_path / "d.parquet") == 0
    assert ltr("inspect", tmp_path / "run" / "lists") == 0


def test_a_column_that_got_weights_is_no_start_for_a_model(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = JOB.replace('weights = "price_of_tags", ', "").replace("price*", "price")
    (tmp_path / "job.toml").write_text(job)
    rows().write_parquet(tmp_path / "log.parquet")
    assert ltr("prepare", tmp_path / "job.toml") == 0
    assert ltr("train", tmp_path / "job.toml", "--warm-start", run / "model") == 2
    assert "document/tags had weights" in capsys.readouterr().err


def test_a_row_with_weights_that_do_not_fit_is_rejected_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text(JOB)
    odd = {
        1: [1.0],
        8: [1.0, None, 1.0],
        15: [1.0, float("nan"), 1.0],
        22: [1.0, -0.5, 1.0],
        29: [1e39, 1.0, 1.0],
        36: None,
    }
    changed = [
        odd.get(number, given) for number, given in enumerate(rows()["price_of_tags"].to_list())
    ]
    frame = rows().with_columns(pl.Series("price_of_tags", changed, dtype=pl.List(pl.Float64)))
    frame.write_parquet(tmp_path / "log.parquet")
    assert ltr("prepare", tmp_path / "job.toml") == 0
    assert Manifest.load(tmp_path / "run" / "lists").rows.rejected == {
        "tags has not as many weights as ids": 2,
        "a weight of tags is null, negative or not finite": 4,
    }


def test_a_log_that_is_cut_into_partitions_gives_the_same_lists(run: Path, tmp_path: Path) -> None:
    (tmp_path / "job.toml").write_text(JOB)
    rows().write_parquet(tmp_path / "log.parquet")
    with cut_into(3, piece_rows=50):
        assert ltr("prepare", tmp_path / "job.toml") == 0
    whole, cut = (
        pl.concat([pl.read_ipc(file) for file in sorted((folder / "lists").glob("t*/*.arrow"))])
        for folder in (run, tmp_path / "run")
    )
    assert cut.sort("query_id").equals(whole.sort("query_id"))


def _features(**settings: object) -> Features:
    columns = {"tags": Column.model_validate({"weights": "w"} | settings)}
    return Features(document=SideFeatures(id_lists=("tags",), columns=columns), min_count=1)


def test_a_weight_follows_its_id_through_hashes_nulls_and_empty_lists() -> None:
    features = _features(buckets=100, hashes=2, max_length=1)
    train = pl.LazyFrame(
        {
            "query_id": ["a", "a", "b", "b"],
            "document/tags": [["x", "y"], [None], [], None],
            "document/tags:weights": [[0.5, 2.0], [3.0], None, []],
        }
    )
    encoder = Encoder.fit(Counts.of(train, features), features)
    encoded = encoder.transform(train).collect()
    assert encoded["document/tags:weights"].to_list() == [[0.5, 0.5], [3.0, 3.0], [], []]
    assert encoded["document/tags"].list.len().to_list() == [2, 2, 0, 0]
    assert encoded.schema["document/tags:weights"] == pl.List(pl.Float32)
    odd = train.with_columns(pl.Series("document/tags:weights", [[0.5], [3.0], None, []]))
    with pytest.raises(LogError, match=r"one per id, finite .* 1 rows: tags has not as many"):
        encoder.transform(odd).collect()


@pytest.mark.parametrize(
    ("side", "message"),
    [
        (
            {"ids": ("tags",), "columns": {"tags": {"weights": "w"}}},
            r"columns\.tags\.weights: is no setting of ids",
        ),
        (
            {"id_lists": ("tags",), "ids": ("w",), "columns": {"tags": {"weights": "w"}}},
            r"columns\.tags\.weights: must not be a feature itself.*'w'",
        ),
        (
            {
                "id_lists": ("tags",),
                "numbers": ("tags:weights",),
                "columns": {"tags": {"weights": "w"}},
            },
            "makes the column 'tags:weights', which is a feature already",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(side: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Features.model_validate({"document": side})


def test_weights_that_are_no_lists_of_numbers_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows().write_parquet(tmp_path / "log.parquet")
    for column, message in {
        "plain": "column 'plain' must hold lists of numbers",
        "price": "column 'price' must hold lists of numbers",
        "prices": "did you mean 'price'?",
    }.items():
        (tmp_path / "job.toml").write_text(
            JOB.replace('"price_of_tags"', f'"{column}"')
            .replace('"price*"', '"p"')
            .replace(', "plain"', "")
        )
        assert ltr("prepare", tmp_path / "job.toml") == 2
        assert message in capsys.readouterr().err
