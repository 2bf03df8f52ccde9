import json
from pathlib import Path

import pytest
import torch

from ltr.data.manifest import GRADING_KEYS, Manifest
from ltr.data.reader import Lists
from ltr.recipe import LossConfig
from ltr.training import ModelCard, ModelError, load_history, load_ranker, score, train
from tests.lists_on_disk import Row
from tests.training.planted import planted, recipe


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted(tmp_path_factory.mktemp("planted"), num_lists=40)


@pytest.fixture
def model(lists: Path, tmp_path: Path) -> Path:
    train(lists, tmp_path / "model", recipe(epochs=1))
    return tmp_path / "model"


def test_a_model_is_five_files_that_say_what_it_is(lists: Path, model: Path) -> None:
    assert sorted(path.name for path in model.iterdir()) == [
        "history.json",
        "job.json",
        "model.json",
        "model.safetensors",
        "optimizer.safetensors",
    ]
    card = json.loads((model / "model.json").read_text())
    assert card["format"] == "ltr-model/1"
    assert card["encoder"] == "c0ffee"
    assert card["grading"] == dict.fromkeys(GRADING_KEYS)
    assert card["recipe"]["loss"] == LossConfig(name="graded_hinge").model_dump()
    ModelCard.load(model).check_lists(Manifest.load(lists))


def test_who_may_read_the_folder_of_a_model_may_read_its_files(model: Path) -> None:
    readers = model.resolve().stat().st_mode & 0o444
    assert {path.stat().st_mode & 0o444 for path in model.iterdir() if path.is_file()} == {readers}


def test_scores_do_not_depend_on_how_the_lists_are_cut(lists: Path, model: Path) -> None:
    ranker, split = load_ranker(model), Lists(lists, "train")
    assert len(score(ranker, split)) == int(split.lengths.sum())
    torch.testing.assert_close(
        score(ranker, split, lists_per_batch=7), score(ranker, split), atol=1e-6, rtol=1e-5
    )
    assert score(ranker, Lists(lists, "test")).shape == (0,)


def edit(model: Path, **changes: object) -> None:
    path = model / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_other_lists_than_those_of_the_model_are_refused(lists: Path, model: Path) -> None:
    manifest = Manifest.load(lists)
    card = ModelCard.load(model)
    with pytest.raises(ModelError, match="has encoder c0ffee, the lists have 00"):
        card.check_lists(manifest.model_copy(update={"encoder": "00"}))
    with pytest.raises(ModelError, match="they differ in query/user"):
        card.check_lists(manifest.model_copy(update={"features": manifest.features[1:]}))


RULES = [{"grade": 2, "when": "buys > 0"}, {"grade": 1, "when": "clicks > 0"}]
JOB = {
    "log": {"path": "monday", "grade": None},
    "events": {"path": "events", "counts": {"buys": "buy", "clicks": "click"}},
    "grades": RULES,
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"grades": RULES[::-1]}, r"model has grades = \[\{'grade': 2.* lists have \[\{'grade': 1"),
        ({"grades": [], "log": {"grade": "stars"}}, r"the lists have \[\]$"),
        ({"log": {"grade": "stars"}}, "has log.grade = None, the lists have 'stars'$"),
        (
            {"events": {"counts": {"buys": "click"}}},
            "has events.counts = .* have {'buys': 'click'}",
        ),
        ({"events": None}, "has events.counts = .*, the lists have None$"),
    ],
)
def test_lists_graded_by_other_rules_than_those_of_the_training_are_refused(
    lists: Path, model: Path, change: Row, message: str
) -> None:
    manifest = Manifest.load(lists).model_copy(update={"job": JOB})
    edit(model, grading=manifest.grading)
    card = ModelCard.load(model)
    rule = "the lists must be graded as those of the training; the "
    with pytest.raises(ModelError, match=rule + ".*" + message) as caught:
        card.check_lists(manifest.model_copy(update={"job": JOB | change}))
    assert "\n" not in str(caught.value)


def test_lists_of_other_days_that_are_graded_alike_are_accepted(lists: Path, model: Path) -> None:
    manifest = Manifest.load(lists)
    edit(model, grading=manifest.model_copy(update={"job": JOB}).grading)
    other = JOB | {"log": {"path": "tuesday"}, "split": {"test": 0.5}}
    ModelCard.load(model).check_lists(manifest.model_copy(update={"job": other}))


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is no folder of a model: cannot read model.json: No "):
        load_ranker(tmp_path)


def test_a_card_of_another_format_is_refused(model: Path) -> None:
    edit(model, format="ltr-model/9")
    with pytest.raises(
        ModelError, match=r"model.json is not valid: format: must be 'ltr-model/1'; got"
    ):
        load_ranker(model)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is no folder of a model: cannot read history.json: No such file"),
        ("[]", "history.json is not valid: List should have at least 1 item"),
        ('[{"epoch"', "history.json is not valid: Invalid JSON: EOF while parsing"),
        (
            '[{"epoch": 0}]',
            r"history.json is not valid: \[0\].epoch: must be greater.*; got 0 \(and",
        ),
    ],
)
def test_a_history_that_tells_of_no_epoch_is_refused_in_one_line(
    tmp_path: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "history.json").write_text(content)
    with pytest.raises(ModelError, match=message) as caught:
        load_history(tmp_path)
    assert "\n" not in str(caught.value)


def test_weights_of_another_model_are_refused(model: Path) -> None:
    card = json.loads((model / "model.json").read_text())
    card["recipe"]["towers"]["scorer"] = [9]
    edit(model, recipe=card["recipe"])
    rule = "does not hold the weights of model.json"
    with pytest.raises(ModelError, match=rf"{rule}: scorer.0.weight is \[9, .* the file has \[8, "):
        load_ranker(model)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (
            10**12,
            r"the table of document/item is \[1000000000000, 8\] there, the file has \[100, 8\]",
        ),
        (10**18, "no memory holds the sizes that model.json claims"),
        (10**30, "no memory holds the sizes that model.json claims"),
    ],
)
def test_no_table_is_made_of_a_size_that_the_weights_do_not_have(
    model: Path, monkeypatch: pytest.MonkeyPatch, size: int, message: str
) -> None:
    features = json.loads((model / "model.json").read_text())["features"]
    (item,) = (one for one in features if one["name"] == "item")
    item["size"] = size
    edit(model, features=features)
    monkeypatch.setattr("ltr.training.checkpoint.load_file", pytest.fail)
    with pytest.raises(ModelError, match=message) as caught:
        load_ranker(model)
    assert "\n" not in str(caught.value)


def test_a_table_that_the_weights_do_not_have_is_named(model: Path) -> None:
    features = json.loads((model / "model.json").read_text())["features"]
    edit(model, features=[*features, {"side": "document", "name": "x", "kind": "id", "size": 7}])
    found = r"the table of document/x is \[7, 8\] there, the file has nothing of this name"
    with pytest.raises(ModelError, match=found):
        load_ranker(model)


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01."])
def test_a_torn_or_foreign_file_of_weights_is_refused(model: Path, content: bytes) -> None:
    (model / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match=r"model.safetensors does not hold the weights"):
        load_ranker(model)
