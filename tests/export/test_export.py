"""`ltr export`: which models become a file, and which are refused."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ltr.data.manifest import Feature
from ltr.exported import Exported, container
from ltr.training import ModelCard
from pipelines.cli import main
from tests.export.conftest import file_of
from tests.scoring.golden import Golden

SOURCE = """
import torch
from torch import nn
from torchrec import EmbeddingBagCollection, EmbeddingBagConfig

from ltr.recipe import AttentionConfig, TowersConfig
from ltr.towers.attention import ListAttention
from ltr.towers.id_weights import IdWeights


class Own(nn.Module):
    def __init__(self, features, how):
        super().__init__()
        ids = [one for one in features if one.side == "document" and one.size]
        self.how = how
        self.bags = EmbeddingBagCollection(tables=[
            EmbeddingBagConfig(name=f"t{n}", embedding_dim=4, num_embeddings=one.size,
                               feature_names=[one.column])
            for n, one in enumerate(ids)
        ], is_weighted=how.startswith("weighted"))
        self.weights = None
        if how == "weighted well":
            self.weights = IdWeights(features, TowersConfig())
        self.first = ids[0].column
        self.attention = ListAttention(4, AttentionConfig(dim=4, heads=2), dropout=0.1)
        self.layer = nn.Linear(5, 1)

    def forward(self, batch):
        if self.how == "ids":
            return batch.document_sparse.values()[: batch.grades.shape[0]].float()
        if self.how == "chance":
            return batch.document_dense.sum(1) + torch.rand_like(batch.grades)
        if self.how == "sizes":
            return batch.document_dense.sum(1) * len(batch.grades)
        ids = batch.document_sparse
        bags = self.bags(ids if self.weights is None else self.weights(ids))
        seen = self.attention(bags[self.first], batch.lengths)
        return self.layer(torch.cat([seen, batch.document_dense[:, :1]], dim=1)).squeeze(1)


def own(features, *, seed, how="well"):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Own(features, how)
"""


def ltr(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def scores(file: Path, golden: Golden) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    rows = golden.frame.filter(request=golden.frame["request"].value_counts(sort=True)[0, 0])
    found = Exported.load(file).score(rows.to_dict(as_series=False))
    return np.asarray(found)


def test_a_champion_is_exported_and_every_time_to_the_same_bytes(golden, tmp_path, capsys):
    shutil.copytree(golden.model, tmp_path / "models" / "v0001")
    (tmp_path / "models" / "champion").symlink_to("v0001")
    out = tmp_path / "deep" / "m.ltr"
    assert ltr("export", tmp_path / "models" / "champion", "--out", out) == 0
    assert capsys.readouterr().out.startswith(f"export: wrote {out}\n  0.")
    assert out.read_bytes() == file_of(golden).read_bytes()
    assert [path.name for path in out.parent.iterdir()] == ["m.ltr"]


def test_tables_of_eight_bits_make_a_smaller_file_and_nearly_the_same_scores(golden, tmp_path):
    assert ltr("export", golden.run, "--out", tmp_path / "8", "--tables", "int8") == 0
    error = np.abs(scores(tmp_path / "8", golden) - scores(file_of(golden), golden)).max()
    assert 0 < error < 0.02
    assert Exported.load(tmp_path / "8").made_by["tables"] == "int8"
    # A byte a number, and 8 more a vector for scale and offset.
    plain = tables(file_of(golden))
    expected = sum(len(table) * (table.shape[1] + 8) for table in plain)
    assert sum(table.nbytes for table in tables(tmp_path / "8")) == expected
    assert sum(table.nbytes for table in plain) > 1.5 * expected


def tables(file: Path) -> list[NDArray[Any]]:
    _, arrays = container.read(file)
    return [array for name, array in arrays.items() if name.startswith("table/")]


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert ltr(*arguments) == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_a_model_goes_with_its_own_encoder_only(golden, tmp_path, capsys):
    model, out = shutil.copytree(golden.model, tmp_path / "model"), tmp_path / "m.ltr"
    card = json.loads((model / "model.json").read_text())
    (model / "model.json").write_text(json.dumps(card | {"encoder": "c0ffee"}))
    assert "must be the one of the model's training; the model has c0ffee" in refused(
        capsys, "export", model, "--out", out
    )
    shutil.rmtree(model / "encoder")
    assert "must be the folder of an encoder" in refused(capsys, "export", model, "--out", out)
    assert "is no folder of a model" in refused(capsys, "export", tmp_path / "x", "--out", out)
    assert not out.exists()


def test_a_missing_package_is_named_with_its_extra(golden, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        "pipelines.jobs.export.find_spec", lambda name: None if name == "onnxscript" else name
    )
    line = refused(capsys, "export", golden.run, "--out", tmp_path / "m.ltr")
    assert "onnxscript is not installed; it needs the extra: pip install 'ltr[export]'" in line


@pytest.fixture
def plugged_in(golden: Golden, tmp_path: Path, monkeypatch) -> Callable[[str], Path]:
    """The golden model's folder with another model in it, of another distribution."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "team_towers", raising=False)
    about = tmp_path / "team_towers-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: team-towers\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[ltr.towers]\nown = team_towers:own\n")
    (tmp_path / "team_towers.py").write_text(SOURCE)

    def folder(how: str) -> Path:
        from safetensors.torch import save_file

        from ltr.towers import make_ranker

        model = Path(shutil.copytree(golden.model, tmp_path / how))
        card = json.loads((model / "model.json").read_text())
        card["recipe"]["towers"] = {"name": "own", "arguments": {"how": how}}
        (model / "model.json").write_text(json.dumps(card))
        loaded = ModelCard.load(model)
        ranker = make_ranker(loaded.features, loaded.recipe.towers, seed=5)
        save_file(ranker.state_dict(), model / "model.safetensors")
        return model

    return folder


@pytest.mark.parametrize("how", ["well", "weighted well"])
def test_a_model_that_is_plugged_in_is_exported_with_its_tables(plugged_in, golden, tmp_path, how):
    from pipelines.scoring import Ranker

    model = plugged_in(how)
    assert ltr("export", model, "--out", tmp_path / "own.ltr") == 0
    rows = golden.frame.head(20).with_columns(request=1)
    wanted = Ranker.load(model, query="request").score(rows)
    found = Exported.load(tmp_path / "own.ltr").score(rows.to_dict(as_series=False))
    np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("ids", r"own: the layers cannot be traced: .*reads ids \(values\) other than through"),
        ("weighted", "own: the weights of document/item must pass through an IdWeights"),
        ("chance", "must give the scores of the model; on made lists they differ by"),
        ("sizes", r"own: the layers cannot be traced: .*len\(tensor\) fixes a size"),
    ],
)
def test_a_model_that_no_graph_stands_for_is_refused(plugged_in, tmp_path, capsys, how, message):
    line = refused(capsys, "export", plugged_in(how), "--out", tmp_path / "own.ltr")
    assert re.search(message, line), line
    assert not (tmp_path / "own.ltr").exists()


def test_the_numbers_of_lists_and_documents_are_free():
    import torch

    from ltr.recipe import AttentionConfig, TowersConfig
    from ltr.towers import make_ranker
    from ltr.towers.traceable import Traceable

    features = [
        Feature(side="query", name="user", kind="id", size=9),
        Feature(side="document", name="price", kind="number"),
    ]
    attention = TowersConfig(attention=AttentionConfig(dim=4))
    traceable = Traceable(make_ranker(features, attention, seed=0))
    assert traceable.inputs[4:] == ("padded", "real", "place", "vectors_0")
    shapes = {
        name: tuple(one.shape)
        for name, one in zip(traceable.inputs, traceable.examples(0, 1), strict=True)
    }
    assert shapes["owner"] == (7,)
    assert shapes["padded"] == (3, 5)
    assert torch.isfinite(traceable(*traceable.examples(0, 1))[0]).all()
