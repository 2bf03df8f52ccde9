from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from ltr.data.batch import RankingBatch
from ltr.data.manifest import Feature
from ltr.data.reader import Lists
from ltr.recipe import AttentionConfig, TableConfig, TowersConfig
from ltr.towers import Ranker, distribute, process_group
from ltr.towers.attention import ListAttention
from ltr.towers.interaction import Crossed
from tests.lists_on_disk import AGE, ALL, HOUR, ITEM, PRICE, USER, Row, write_lists

CONFIG = TowersConfig(embedding_dim=4, query=(8, 4), document=(8, 4), scorer=(6,))
ROWS: list[Row] = [
    {
        "grade": grades,
        "query/user": number,
        "query/tags": list(range(number)),
        "query/hour": number / 4,
        "document/item": [number + doc for doc in range(len(grades))],
        "document/words": [[doc] * doc for doc in range(len(grades))],
        "document/price": [doc / 2 for doc in range(len(grades))],
        "document/age": [doc * number / 8 for doc in range(len(grades))],
    }
    for number, grades in enumerate([[0, 1, 2], [1], [0, 1, 0, 0], [2, 0]])
]


def features(*columns: Row) -> list[Feature]:
    return [Feature(**column) for column in columns]


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    return Lists(write_lists(tmp_path, {"train": [ROWS]}), "train")


def gather(lists: Lists, *numbers: int) -> RankingBatch:
    return lists.gather(torch.tensor(numbers))


def test_a_batch_is_scored_as_its_lists_are_alone(lists: Lists) -> None:
    ranker = Ranker(lists.manifest.features, CONFIG, seed=0)
    together = ranker(gather(lists, 0, 1, 2, 3))
    alone = torch.cat([ranker(gather(lists, number)) for number in range(4)])
    assert together.shape == (10,)
    torch.testing.assert_close(together, alone)


def test_the_scores_are_the_formula_written_out(lists: Lists) -> None:
    ranker = Ranker(features(HOUR, PRICE), CONFIG, seed=0)
    batch = gather(lists, 0, 2)
    assert ranker.query_tower is not None
    hours = torch.tensor([[0.0]] * 3 + [[0.5]] * 4)
    prices = torch.tensor([[0.0], [0.5], [1.0], [0.0], [0.5], [1.0], [1.5]])
    q, d = ranker.query_tower.mlp(hours), ranker.document_tower.mlp(prices)
    expected = ranker.scorer(torch.cat([q, d, q * d], dim=1)).squeeze(1)
    without_ids = RankingBatch(
        grades=batch.grades,
        lengths=batch.lengths,
        query_dense=batch.query_dense,
        document_dense=batch.document_dense[:, :1],
        query_sparse=None,
        document_sparse=None,
    )
    torch.testing.assert_close(ranker(without_ids), expected)


def test_the_seed_decides_all_weights_and_moves_no_other_chance() -> None:
    def weights(seed: int) -> dict[str, torch.Tensor]:
        return Ranker(features(*ALL), CONFIG, seed=seed).state_dict()

    before = torch.get_rng_state()
    one, again, other = weights(1), weights(1), weights(2)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["scorer.0.weight"], other["scorer.0.weight"])


def test_an_unseen_id_counts_as_no_id() -> None:
    ranker = Ranker(features(USER, ITEM), CONFIG, seed=0)
    tables = [weight for name, weight in ranker.named_parameters() if ".tables." in name]
    assert [weight[0].abs().sum().item() for weight in tables] == [0, 0]
    assert all(bool((weight[1:] != 0).any(1).all()) for weight in tables)


def test_without_query_features_the_scorer_reads_documents_alone(tmp_path: Path) -> None:
    folder = write_lists(tmp_path, {"train": [ROWS]}, features=[ITEM, PRICE, AGE])
    lists = Lists(folder, "train")
    ranker = Ranker(lists.manifest.features, CONFIG, seed=0)
    assert ranker.query_tower is None
    assert ranker(gather(lists, 0, 1)).shape == (4,)


def test_without_document_features_there_is_nothing_to_rank_by() -> None:
    with pytest.raises(ValueError, match=r"at least one document feature.*got 1 query features"):
        Ranker(features(USER), CONFIG, seed=0)


def test_any_name_of_a_column_makes_a_table() -> None:
    names = ["type", "a.b", "a_b", "größe", "keys", "0"]
    columns: list[Row] = [ITEM | {"name": name} for name in names]
    ranker = Ranker(features(*columns), CONFIG, seed=0)
    assert sum(".tables." in name for name in ranker.state_dict()) == len(names)


def test_both_sides_may_have_a_column_of_the_same_name(tmp_path: Path) -> None:
    columns: list[Row] = [USER | {"name": "kind"}, ITEM | {"name": "kind"}]
    rows: list[Row] = [{"grade": [1, 0], "query/kind": 3, "document/kind": [3, 4]}]
    lists = Lists(write_lists(tmp_path, {"train": [rows]}, features=columns), "train")
    plain = Ranker(lists.manifest.features, CONFIG, seed=0)
    batch = gather(lists, 0)
    with process_group(torch.device("cpu")):
        ranker = Ranker(lists.manifest.features, CONFIG, seed=0)
        model = distribute(ranker, device=torch.device("cpu"), table_learning_rate=0.1)
        torch.testing.assert_close(model(batch), plain(batch), atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"embedding_dim": 6}, "multiple of 4"),
        ({"query": (8, 4), "document": (8, 6)}, "same length; got query 4 and document 6"),
        ({"query": ()}, "same length; got query none and document 32"),
        ({"query": (), "document": (), "interaction": "dot"}, "without layers.*interaction dot"),
        ({"scorer": (0,)}, "greater than or equal to 1"),
        ({"heads": 2}, "not permitted"),
    ],
)
def test_sizes_that_cannot_be_are_refused(sizes: Row, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TowersConfig(**sizes)


ATTENTIVE = TowersConfig(
    embedding_dim=4,
    query=(8, 4),
    document=(8, 4),
    attention=AttentionConfig(dim=8, heads=2, blocks=2),
    dropout=0.2,
)
CROSSED = TowersConfig(embedding_dim=4, query=(8, 4), document=(8, 4), interaction="cross")
DOT = TowersConfig(embedding_dim=4, query=(8, 4), document=(8, 4), interaction="dot")
BARE = TowersConfig(embedding_dim=4, query=(), document=())
BARE_CROSSED = TowersConfig(embedding_dim=4, query=(), document=(), interaction="cross", scorer=())
KINDS = {
    "attention": ATTENTIVE,
    "cross": CROSSED,
    "dot": DOT,
    "no layers": BARE,
    "cross, no layers": BARE_CROSSED,
}


@pytest.mark.parametrize("config", KINDS.values(), ids=KINDS.keys())
def test_whatever_the_model_a_batch_is_scored_as_its_lists_are_alone(
    lists: Lists, config: TowersConfig
) -> None:
    ranker = Ranker(lists.manifest.features, config, seed=0).eval()
    together = ranker(gather(lists, 0, 1, 2, 3))
    alone = torch.cat([ranker(gather(lists, number)) for number in range(4)])
    assert together.shape == (10,)
    torch.testing.assert_close(together, alone)
    assert len(set(together.tolist())) > 5


@pytest.mark.parametrize("config", KINDS.values(), ids=KINDS.keys())
def test_whatever_the_model_every_weight_learns(lists: Lists, config: TowersConfig) -> None:
    ranker = Ranker(lists.manifest.features, config, seed=0)
    ranker(gather(lists, 0, 1, 2, 3)).square().sum().backward()
    idle = [name for name, weight in ranker.named_parameters() if weight.grad is None]
    assert idle == []


def test_the_order_of_the_documents_means_nothing_to_attention() -> None:
    attention = ListAttention(3, AttentionConfig(dim=8), dropout=0.0)
    vectors, lengths = torch.rand(9, 3), torch.tensor([4, 0, 5])
    order = torch.tensor([2, 0, 3, 1, 8, 4, 6, 5, 7])
    torch.testing.assert_close(
        attention(vectors[order], lengths), attention(vectors, lengths)[order]
    )


def test_attention_sees_the_other_documents_of_the_list_and_no_others() -> None:
    attention = ListAttention(3, AttentionConfig(dim=8), dropout=0.0)
    vectors, lengths = torch.rand(9, 3), torch.tensor([4, 5])
    changed = vectors.clone()
    changed[0] += 1
    moved = (attention(vectors, lengths) != attention(changed, lengths)).any(dim=1)
    assert moved.tolist() == [True] * 4 + [False] * 5


def test_the_cross_layers_are_the_formula_written_out() -> None:
    crossed = Crossed(4, 2)
    q, d = torch.rand(3, 2), torch.rand(3, 2)
    expected = start = torch.cat([q, d], dim=1)
    for weight, bias in zip(crossed.layers.kernels, crossed.layers.bias, strict=True):
        expected = start * (expected @ weight.T + bias.T) + expected
    torch.testing.assert_close(crossed(q, d), expected)


def test_without_a_layer_anywhere_the_model_is_linear(tmp_path: Path) -> None:
    folder = write_lists(tmp_path, {"train": [ROWS]}, features=[PRICE, AGE])
    lists = Lists(folder, "train")
    config = TowersConfig(query=(), document=(), scorer=())
    ranker = Ranker(lists.manifest.features, config, seed=0)
    weights = dict(ranker.named_parameters())
    assert {name: tuple(one.shape) for name, one in weights.items()} == {
        "scorer.0.weight": (1, 2),
        "scorer.0.bias": (1,),
    }
    batch = gather(lists, 0, 1, 2, 3)
    expected = batch.document_dense @ weights["scorer.0.weight"][0]
    torch.testing.assert_close(ranker(batch), expected)


def test_a_product_is_that_of_the_vectors_which_an_index_would_hold(lists: Lists) -> None:
    ranker = Ranker(lists.manifest.features, DOT, seed=0)
    batch = gather(lists, 0, 2)
    query, document = ranker.query_vectors(batch), ranker.document_vectors(batch)
    assert query is not None
    assert (query.shape, document.shape) == ((2, 4), (7, 4))
    expected = torch.cat([document[:3] @ query[0], document[3:] @ query[1]])
    torch.testing.assert_close(ranker(batch), expected)


def test_a_table_can_differ_from_the_others(lists: Lists) -> None:
    own = {"document/words": TableConfig(dim=8, pooling="sum")}
    config = CONFIG.model_copy(update={"tables": own})
    ranker = Ranker(lists.manifest.features, config, seed=0)
    assert ranker.document_tower.tables is not None
    words = ranker.document_tower.tables.embedding_bags["1_words"]
    assert words.weight.shape == (30, 8)
    assert words.mode == "sum"
    assert ranker(gather(lists, 0, 1)).shape == (4,)
    unknown = CONFIG.model_copy(update={"tables": {"document/price": TableConfig(dim=8)}})
    with pytest.raises(ValueError, match=r"towers.tables describes 'document/price'; the id col"):
        Ranker(lists.manifest.features, unknown, seed=0)


def test_a_product_without_a_query_is_refused() -> None:
    with pytest.raises(ValueError, match="the interaction dot needs a query feature"):
        Ranker(features(ITEM), DOT, seed=0)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"interaction": "dot", "scorer": (8,)}, r"scorer has no place where the score is q \. d"),
        ({"interaction": "mlp", "cross_layers": 3}, "cross_layers belong to the interaction cross"),
        ({"arguments": {"depth": 3}}, "two_towers has none"),
        ({"name": "team_model", "query": (8, 32)}, "query belongs to two_towers"),
        ({"attention": {"dim": 6, "heads": 4}}, "dim must be a multiple of heads; got 6 and 4"),
    ],
)
def test_a_key_without_a_meaning_is_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TowersConfig.model_validate(keys)
