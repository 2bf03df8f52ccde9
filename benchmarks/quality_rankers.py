"""Both sides of the quality benchmark: each learns from a folder of lists and scores two parts."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightgbm
import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from benchmarks.quality_data import documents
from ltr.data.manifest import Feature, SplitName
from ltr.data.reader import Lists
from ltr.metrics import ndcg
from ltr.recipe import Recipe
from ltr.training import load_ranker, score, train
from pipelines.encoder import Encoder

K = 10
ROUNDS, PATIENCE = 300, 50
HELD_OUT: tuple[SplitName, SplitName] = ("validation", "test")


@dataclass(frozen=True)
class Contestant:
    """A way to make a ranker out of lists."""

    side: Literal["ours", "LightGBM", "formula"]
    name: str
    settings: dict[str, Any]
    """A recipe; or LightGBM's parameters; or those of the logistic regression."""
    model: str = ""
    """How the page calls the towers."""


def fit(contestant: Contestant, folder: Path, seed: int) -> tuple[Tensor, Tensor]:
    """Train on the lists; the scores of the validation and of the test documents."""
    torch.set_num_threads(1)
    if contestant.side == "ours":
        return _ranker(contestant.settings, folder, seed)
    if contestant.side == "LightGBM":
        return _trees(contestant.settings, folder, seed)
    return _formula(contestant.settings, folder)


def _ranker(recipe: dict[str, Any], folder: Path, seed: int) -> tuple[Tensor, Tensor]:
    """Our ranker, of the epoch with the best validation NDCG@10."""
    seeded = recipe | {"training": recipe["training"] | {"seed": seed}}
    with tempfile.TemporaryDirectory() as out:
        model = Path(out) / "model"
        train(folder, model, Recipe.model_validate(seeded))
        ranker = load_ranker(model).eval()
    validation, test = (score(ranker, Lists(folder, part)) for part in HELD_OUT)
    return validation, test


def _trees(parameters: dict[str, Any], folder: Path, seed: int) -> tuple[Tensor, Tensor]:
    """LightGBM, of the round with the best validation NDCG@10."""
    learned = _Table.of(Lists(folder, "train"))
    validation, test = (_Table.of(Lists(folder, part)) for part in HELD_OUT)
    model = lightgbm.LGBMRanker(
        n_estimators=ROUNDS, n_jobs=1, verbose=-1, random_state=seed, **parameters
    )
    model.fit(
        learned.columns,
        learned.grades,
        group=learned.lengths,
        eval_set=[(validation.columns, validation.grades)],
        eval_group=[validation.lengths],
        eval_at=[K],
        categorical_feature=learned.categorical,
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    return _tensor(model.predict(validation.columns)), _tensor(model.predict(test.columns))


@dataclass(frozen=True)
class _Table:
    """Lists as LightGBM takes them: an id is a category, several ids are a column for each."""

    columns: npt.NDArray[np.float64]
    """[docs, columns]."""
    grades: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]
    categorical: list[int]

    @classmethod
    def of(cls, lists: Lists) -> "_Table":
        batch = lists.gather(torch.arange(len(lists)))
        to_documents = torch.arange(len(lists)).repeat_interleave(batch.lengths)
        categories: list[Tensor] = []
        numbers = [batch.query_dense[to_documents], batch.document_dense]
        for feature in lists.manifest.features:
            if feature.size is None:
                continue
            ids = batch.query_sparse if feature.side == "query" else batch.document_sparse
            values = _columns(feature, ids[feature.column])  # type: ignore[index]
            values = values[to_documents] if feature.side == "query" else values
            (categories if feature.kind == "id" else numbers).append(values)
        columns = torch.cat([each.double() for each in (*categories, *numbers)], dim=1)
        return cls(
            columns.numpy(),
            batch.grades.long().numpy(),
            batch.lengths.numpy(),
            list(range(len(categories))),
        )


def _columns(feature: Feature, ids: Any) -> Tensor:  # noqa: ANN401 - torchrec's JaggedTensor
    if feature.kind == "id":
        return ids.values()[:, None]  # type: ignore[no-any-return]
    assert feature.size is not None
    rows = torch.arange(len(ids.lengths())).repeat_interleave(ids.lengths())
    several = torch.zeros(len(ids.lengths()), feature.size)
    several[rows, ids.values()] = 1
    return several


def _formula(parameters: dict[str, Any], folder: Path) -> tuple[Tensor, Tensor]:
    """A logistic regression of "has a grade" on the very terms of the shop's formula.

    It is told what no ranker is: which columns matter, and which of them belong together.
    """
    features = Lists(folder, "train").manifest.features
    sizes = {one.column: one.size for one in features if one.size is not None}
    terms = {part: _terms(folder, part, sizes) for part in ("train", *HELD_OUT)}
    clicked = documents(folder, "train")["grade"].to_numpy() > 0
    model = LogisticRegression(max_iter=300, **parameters).fit(terms["train"], clicked)
    validation, test = (_tensor(model.decision_function(terms[part])) for part in HELD_OUT)
    return validation, test


def _terms(folder: Path, part: str, sizes: dict[str, int]) -> Any:  # noqa: ANN401 - scipy has no types
    rows = documents(folder, part)
    column = {name: rows[name].to_numpy() for name in rows.columns if "/" in name and name != TAGS}
    kind, price = column["document/category"], column["document/price"]
    segment, user = column["query/segment"], column["query/user_id"]
    device = column["query/device"]
    kinds, segments = sizes["document/category"], sizes["query/segment"]
    tags = rows.with_row_index("row").select("row", TAGS).explode(TAGS).drop_nulls()
    of, tag = tags["row"].to_numpy(), tags[TAGS].to_numpy()
    each = 1 / np.maximum(rows[TAGS].list.len().to_numpy(), 1)
    at = segment[of] * sizes[TAGS] + tag
    shape = (rows.height, segments * sizes[TAGS])
    numbers = ("price", "quality", "quality:missing", "match", "match:missing")
    return sparse.hstack(
        [
            _one_hot(segment * kinds + kind, segments * kinds),
            _one_hot(user * kinds + kind, sizes["query/user_id"] * kinds, 0.3),
            sparse.csr_matrix((each[of], (of, at)), shape=shape),
            _one_hot(column["document/document_id"], sizes["document/document_id"]),
            _one_hot(_evening(rows, folder) * kinds + kind, 2 * kinds),
            _one_hot(device, sizes["query/device"], price),
            _one_hot(user, sizes["query/user_id"], 0.3 * price),
            np.stack([column[f"document/{name}"] for name in numbers], axis=1),
        ],
        format="csr",
    )


TAGS = "document/tags"


def _evening(rows: pl.DataFrame, folder: Path) -> npt.NDArray[np.int64]:
    """1 from 18 o'clock on."""
    back = Encoder.load(folder / "encoder").unit_and_offset("query/hour")
    assert back is not None
    hours = rows["query/hour"].to_numpy() * back[0] + back[1]
    return np.asarray(hours > 17.5, dtype=np.int64)


def _one_hot(numbers: npt.NDArray[np.int64], size: int, values: Any = 1.0) -> Any:  # noqa: ANN401
    values = np.broadcast_to(values, numbers.shape)
    rows = np.arange(len(numbers))
    return sparse.csr_matrix((values, (rows, numbers)), shape=(len(numbers), size))


def _tensor(values: npt.ArrayLike) -> Tensor:
    return torch.tensor(np.asarray(values), dtype=torch.float64)


def per_list(scores: Tensor, lists: Lists) -> Tensor:
    """NDCG@10 of every list, exponential gain, NaN where nothing is relevant; [lists]."""
    grades = lists.grades().float()
    return ndcg(scores.double(), grades, k=K, lengths=lists.lengths, reduction="none")


def together(scores: list[Tensor], lengths: Tensor) -> Tensor:
    """The mean of several models' scores, each brought to deviation 1 within its list; [docs]."""
    of = torch.arange(len(lengths)).repeat_interleave(lengths)

    def mean(values: Tensor) -> Tensor:
        sums = torch.zeros(len(lengths), dtype=torch.float64).index_add_(0, of, values)
        return (sums / lengths)[of]

    centred = [one.double() - mean(one.double()) for one in scores]
    scaled = [one / mean(one**2).sqrt().clamp(min=1e-12) for one in centred]
    return torch.stack(scaled).mean(dim=0)
