"""The page on exported models: its code runs, and what it says of files and packages is so."""

from pathlib import Path

import polars as pl
import pytest
from safetensors.torch import save_file

from ltr.recipe import Recipe
from ltr.towers import make_ranker
from ltr.training import ModelCard
from pipelines.config import Features, SideFeatures
from pipelines.encoder import Counts, Encoder
from pipelines.jobs.export import ExportJob, run
from pipelines.progress import Progress
from tests.docs.blocks import run_python

PAGE = Path(__file__).parents[2] / "docs" / "export.md"


def model(folder: Path) -> Path:
    """A model of the page's columns that nobody trained."""
    document = SideFeatures(ids=("brand",), id_lists=("tags",), numbers=("price",))
    features = Features(query=SideFeatures(ids=("user_id",)), document=document, min_count=1)
    rows = {
        "query_id": ["q", "q"],
        "query/user_id": ["u7", "u7"],
        "document/brand": ["acme", "zeta"],
        "document/tags": [["new"], ["red", "sale"]],
        "document/price": [1.0, 9.0],
    }
    encoder = Encoder.fit(Counts.of(pl.LazyFrame(rows), features), features)
    card = ModelCard(
        features=encoder.features(),
        encoder=encoder.fingerprint,
        grading={},
        recipe=Recipe(),
        best_epoch=1,
        validation_ndcg=0.5,
    )
    folder.mkdir()
    encoder.save(folder / "encoder")
    (folder / "model.json").write_text(card.model_dump_json())
    weights = make_ranker(card.features, card.recipe.towers, seed=0).state_dict()
    save_file(weights, folder / "model.safetensors")
    return folder


def test_the_code_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(ExportJob(model(tmp_path / "model"), tmp_path / "model.ltr"), Progress("export"))
    monkeypatch.chdir(tmp_path)
    assert run_python(PAGE) == 1
