"""Vectors of a two-tower model, as a vector index reads them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from ltr.data.reader import Lists
from ltr.recipe import Recipe, TowersConfig
from ltr.towers import Ranker
from ltr.training import load_ranker, score, train
from ltr.training.vectors import document_vectors
from pipelines.cli import main
from tests.docs.blocks import blocks
from tests.lists_on_disk import ITEM, PRICE, USER, Row, write_lists
from tests.training.planted import recipe

DIM = 8


def ltr(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def _recipe(**towers: object) -> Recipe:
    chosen = TowersConfig.model_validate(
        {"embedding_dim": 4, "query": (DIM,), "document": (DIM,), "interaction": "dot"} | towers
    )
    return recipe(epochs=1).model_copy(update={"towers": chosen})


def _row(number: int) -> Row:
    items = [1 + (number * 3 + doc * 7) % 20 for doc in range(4)]
    return {
        "grade": [1, 0, 0, 1],
        "query_id": f"q{number}",
        # Not in the order of the files: the latest list of all lies in the middle of them.
        "time": (number * 17) % 40,
        "document_id": [f"d{item}" for item in items],
        "query/user": number % 9,
        "document/item": items,
        "document/price": [(number + doc) / 50 for doc in range(4)],
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    rows = [_row(number) for number in range(40)]
    splits = {"train": [rows[:9], rows[9:24]], "validation": [rows[24:30]], "test": [rows[30:]]}
    write_lists(folder / "lists", splits, features=[USER, ITEM, PRICE])
    train(folder / "lists", folder / "model", _recipe())
    assert (
        ltr("vectors", folder, "--out", folder / "d.parquet", "--queries", folder / "q.parquet")
        == 0
    )
    return folder


def _logged(run: Path) -> pl.DataFrame:
    """Every row of the lists with the score that the model gives it there."""
    ranker, frames = load_ranker(run / "model"), []
    for part in ("train", "validation", "test"):
        files = sorted((run / "lists" / part).glob("*.arrow"))
        lists = pl.concat([pl.read_ipc(file) for file in files])
        rows = lists.select("query_id", "time", "document_id").explode("document_id")
        scores = score(ranker, Lists(run / "lists", part))
        frames.append(rows.with_columns(score=pl.Series(scores.numpy())))
    return pl.concat(frames)


def test_the_product_of_two_vectors_is_the_score_where_the_document_was_shown_last(
    run: Path,
) -> None:
    documents, queries = pl.read_parquet(run / "d.parquet"), pl.read_parquet(run / "q.parquet")
    assert documents.schema["vector"] == queries.schema["vector"] == pl.Array(pl.Float32, DIM)
    last = _logged(run).sort("time").unique("document_id", keep="last")
    assert len(documents) == len(last) == 20
    assert len(queries) == 40
    joined = last.join(documents, on="document_id").join(queries, on="query_id", suffix="_q")
    d, q = (torch.tensor(joined[name].to_numpy().copy()) for name in ("vector", "vector_q"))
    torch.testing.assert_close(
        (q * d).sum(1), torch.tensor(joined["score"].to_numpy().copy()), atol=1e-6, rtol=1e-5
    )


def test_the_file_says_which_model_made_it(run: Path) -> None:
    about = json.loads(pl.read_parquet_metadata(run / "d.parquet")["ltr"])
    assert about["score"] == "q . d"
    assert about["encoder"] == "c0ffee"
    assert len(about["weights"]) == 64


def test_a_part_has_its_own_documents_and_a_model_may_stand_alone(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "test.parquet"
    arguments = ("--lists", run / "lists", "--part", "test", "--out", out)
    assert ltr("vectors", run / "model", *arguments) == 0
    assert f"vectors: wrote {out}\n  20 documents of 8 numbers" in capsys.readouterr().out
    assert [path.name for path in out.parent.iterdir()] == ["test.parquet"]
    assert len(pl.read_parquet(out)) == 20


@pytest.mark.parametrize("lists_per_batch", [1, 3, 1000])
def test_any_documents_in_batches_of_any_size(run: Path, lists_per_batch: int) -> None:
    ranker, lists = load_ranker(run / "model"), Lists(run / "lists", "train")
    assert isinstance(ranker, Ranker)
    rows = torch.tensor([0, 3, 4, 17, 50, 51, 95])
    found = torch.cat(list(document_vectors(ranker, lists, rows, lists_per_batch=lists_per_batch)))
    every = ranker.document_vectors(lists.gather(torch.arange(len(lists))))
    torch.testing.assert_close(found, every[rows])


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert ltr(*arguments) == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_a_model_whose_score_is_no_product_is_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train(run / "lists", tmp_path / "model", _recipe(interaction="mlp"))
    out = tmp_path / "d.parquet"
    arguments = ("--lists", run / "lists", "--out", out)
    said = refused(capsys, "vectors", tmp_path / "model", *arguments)
    assert said.endswith("""towers.interaction must be "dot"; got 'mlp'""")
    assert not out.exists()


def test_lists_of_another_encoder_are_refused(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lists = write_lists(tmp_path / "lists", {"train": [[_row(0)]]}, features=[USER, ITEM, PRICE])
    manifest = json.loads((lists / "manifest.json").read_text())
    (lists / "manifest.json").write_text(json.dumps(manifest | {"encoder": "00"}))
    out = tmp_path / "d.parquet"
    said = refused(capsys, "vectors", run / "model", "--lists", lists, "--out", out)
    assert "must be encoded as those of the training" in said
    assert not list(tmp_path.glob("*d.parquet*"))


def test_a_file_of_arrow_is_mapped_and_its_vectors_are_not_copied(run: Path) -> None:
    arguments = ("--lists", run / "lists", "--out", run / "d.arrow", "--queries", run / "q.arrow")
    assert ltr("vectors", run / "model", *arguments) == 0
    for name in ("d", "q"):
        written, mapped = (
            pl.read_parquet(run / f"{name}.parquet"),
            pa.memory_map(f"{run}/{name}.arrow"),
        )
        opened = pa.ipc.open_file(mapped)
        assert opened.schema.metadata == pq.read_schema(run / f"{name}.parquet").metadata
        assert opened.schema.field("vector").type == pa.list_(pa.float32(), DIM)
        before = pa.total_allocated_bytes()
        vectors = [
            batch["vector"].values.to_numpy(zero_copy_only=True).reshape(len(batch), DIM)
            for batch in map(opened.get_batch, range(opened.num_record_batches))
        ]
        assert pa.total_allocated_bytes() == before
        assert np.array_equal(np.concatenate(vectors), written["vector"].to_numpy())


def test_the_page_reads_the_file_as_it_says(run: Path) -> None:
    page: dict[str, Any] = {}
    exec(blocks(Path(__file__).parents[2] / "docs" / "vectors.md")[0].text, page)
    assert ltr("vectors", run, "--out", run / "page.arrow") == 0
    read = {
        key: vector
        for ids, rows in page["batches"](f"{run}/page.arrow")
        for key, vector in zip(ids.to_pylist(), rows.tolist(), strict=True)
    }
    written = pl.read_parquet(run / "d.parquet")
    assert read == dict(zip(written["document_id"], written["vector"].to_list(), strict=True))


def test_a_link_to_a_version_of_the_model_is_followed(run: Path, tmp_path: Path) -> None:
    (tmp_path / "v0001").symlink_to((run / "model").resolve())
    (tmp_path / "champion").symlink_to("v0001")
    out = tmp_path / "d.parquet"
    assert ltr("vectors", tmp_path / "champion", "--lists", run / "lists", "--out", out) == 0
    assert pl.read_parquet(out).equals(pl.read_parquet(run / "d.parquet"))


def test_a_file_whose_name_says_no_format_is_refused_before_any_work(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in ("--out", "--queries"):
        names = {"--out": tmp_path / "d.parquet"} | {option: tmp_path / "d.csv"}
        line = refused(capsys, "vectors", run, *(part for pair in names.items() for part in pair))
        assert "must end in .parquet, or for Arrow IPC in .arrow; got" in line
    assert not list(tmp_path.iterdir())
