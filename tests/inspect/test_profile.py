import json

import pytest

from ltr.data.manifest import ListsError
from pipelines.inspect import as_json, profile, shards
from pipelines.progress import Progress
from tests.inspect.folders import FEATURES, folder_of, random_rows, row
from tests.lists_on_disk import ALL, write_lists

ROWS = [
    row([0, 2, 0], **{"document/item": [0, 5, 5], "position": [1, 2, 4]}),
    row([0]),
    row([1, 0], **{"query/user": 0}),
]


def looked_at(folder, **given):
    with Progress("inspect") as progress:
        return profile(folder, progress, **given)


def test_everything_is_counted(tmp_path):
    found = looked_at(folder_of(tmp_path, ROWS)).whole
    assert (found.lists, found.documents, found.single) == (3, 6, 1)
    assert found.grades[:4].tolist() == [4, 1, 1, 0]
    assert found.lengths.tolist() == [0, 1, 1, 1]
    assert (found.blank.hits, found.relevant.hits) == (1, 2)
    assert found.positions[:, 1:5].tolist() == [[3, 2, 0, 1], [1, 1, 0, 0]]


def test_ids_are_counted_with_the_unseen_ones_apart(tmp_path):
    found = looked_at(folder_of(tmp_path, ROWS)).whole.ids
    item, user = found["document/item"], found["query/user"]
    assert item.counts[[0, 1, 5]].tolist() == [1, 3, 2]
    assert (item.used, item.unseen.hits, item.unseen.units) == (2, 1, 6)
    assert (user.rows, user.unseen.hits, user.unseen.units) == (3, 1, 3)


def test_many_ids_in_a_row_are_counted_one_by_one(tmp_path):
    given = {"query/tags": [1, 0], "document/words": [[3, 3], []], "document/age": [0.0, 1.0]}
    write_lists(tmp_path, {"test": [[row([0, 1], **given)]]}, ALL)
    found = looked_at(tmp_path).whole.ids
    assert found["query/tags"].unseen.value == 0.5
    words = found["document/words"]
    assert (words.counts[3], words.rows, words.empty) == (2, 2, 1)


def test_neither_shards_nor_pieces_change_a_count(tmp_path, monkeypatch):
    rows = random_rows(30)
    one = write_lists(tmp_path / "one", {"train": [rows]}, FEATURES)
    many = write_lists(tmp_path / "many", {"train": [rows[20:], rows[:20]]}, FEATURES)
    whole = as_json.profile_json(looked_at(one))["all"]
    monkeypatch.setattr(shards, "PIECE_DOCUMENTS", 20)
    assert as_json.profile_json(looked_at(many))["all"] == whole


def test_a_list_longer_than_a_piece_is_one_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "PIECE_DOCUMENTS", 2)
    found = looked_at(folder_of(tmp_path, [row([0] * 9), row([1])])).whole
    assert (found.lists, found.documents) == (2, 10)


def test_only_the_parts_that_are_asked_for_are_read(tmp_path):
    write_lists(tmp_path, {"train": [ROWS], "test": [ROWS[:1]]}, FEATURES)
    found = looked_at(tmp_path, parts=("test",))
    assert list(found.parts) == ["test"]
    assert found.whole.lists == 1


def test_the_folder_of_a_run_will_do(tmp_path):
    folder_of(tmp_path / "lists", ROWS)
    assert looked_at(tmp_path).folder == tmp_path / "lists"


def test_an_empty_folder_has_a_profile(tmp_path):
    write_lists(tmp_path, {}, FEATURES)
    found = as_json.profile_json(looked_at(tmp_path))["all"]
    assert found["lists"] == 0
    assert found["length_quantiles"]["0.5"] is None


def test_an_id_outside_its_vocabulary_is_refused(tmp_path):
    folder = folder_of(tmp_path, [row([0], **{"document/item": [100]})])
    rule = r"column document/item must hold ids from 0 to 99; got 100"
    with pytest.raises(ListsError, match=rule):
        looked_at(folder)


def test_a_shard_with_other_lists_than_the_manifest_says_is_refused(tmp_path):
    folder = folder_of(tmp_path, ROWS)
    manifest = json.loads((folder / "manifest.json").read_text())
    train = manifest["splits"]["train"]
    train["lists"] = train["shards"][0]["lists"] = 4
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ListsError, match="must hold 4 lists of 6 documents; got 3 lists of 6"):
        looked_at(folder)


def test_a_cut_off_shard_is_refused(tmp_path):
    shard = folder_of(tmp_path, ROWS) / "train" / "00000.arrow"
    shard.write_bytes(shard.read_bytes()[:100])
    with pytest.raises(ListsError, match="is not a readable Arrow file"):
        looked_at(tmp_path)
