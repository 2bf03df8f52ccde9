"""The test lists a second time, as the encoder of another model makes them."""

import polars as pl
import pytest

from ltr.data.manifest import Manifest
from pipelines.encoder import Encoder
from pipelines.jobs.folders import Folders
from pipelines.jobs.prepare import make_lists, open_tables
from pipelines.progress import Progress
from pipelines.second_encoding import lacking
from pipelines.spill import work
from tests.pipelines.cuts import cut_into
from tests.pipelines.job_tables import events, job, log

OWN = ["query_id", "time", "document_id", "position", "grade"]


def prepared(folder, rows, asked, champion=None):
    folder.mkdir(exist_ok=True)
    rows.write_parquet(folder / "log.parquet")
    events(40).write_parquet(folder / "events.parquet")
    folders = Folders(log=folder, run=folder / "run")
    with cut_into(3, piece_rows=50), Progress("test") as progress:
        opened = open_tables(asked, folders)
        make_lists(opened, asked, folders, progress, champion=champion)
    return folders.lists


@pytest.fixture(scope="module")
def champion(tmp_path_factory):
    """Of an earlier log, with other users, other prices and another vocabulary."""
    rows = log(40).with_columns(pl.col("price") * 100, "old-" + pl.col("user"))
    return Encoder.load(prepared(tmp_path_factory.mktemp("old"), rows, job()) / "encoder")


def shards(folder):
    found = Manifest.load(folder, verify=True).splits["test"]
    return pl.concat([pl.read_ipc(folder / shard.file) for shard in found.shards])


def test_the_rows_are_those_of_the_test_part_in_the_same_order(champion, tmp_path):
    lists = prepared(tmp_path / "new", log(40), job(), champion)
    ours, theirs = shards(lists), shards(lists / "champion")
    assert ours.select(OWN).equals(theirs.select(OWN))
    assert not ours["document/price"].equals(theirs["document/price"])


def test_it_is_what_the_other_encoder_makes_of_the_log(champion, tmp_path):
    rows = log(40)
    lists = prepared(tmp_path / "new", rows, job(), champion)
    encoded = champion.transform(champion.from_log(rows.lazy())).collect()
    there = pl.concat([rows.select("request", "item"), encoded], how="horizontal")
    theirs = shards(lists / "champion").select("query_id", "document_id", "document/price")
    flat = theirs.explode("document_id", "document/price")
    both = flat.join(there, left_on=["query_id", "document_id"], right_on=["request", "item"])
    assert len(both) == len(flat) > 0
    assert both["document/price"].equals(both["document/price_right"].alias("document/price"))


def test_its_manifest_says_whose_encoder_it_is(champion, tmp_path):
    lists = prepared(tmp_path / "new", log(40), job(), champion)
    found, own = Manifest.load(lists / "champion"), Manifest.load(lists)
    assert (
        found.encoder
        == champion.fingerprint
        == Encoder.load(lists / "champion/encoder").fingerprint
    )
    assert found.features == champion.features()
    assert (found.splits["train"].lists, found.splits["validation"].lists) == (0, 0)
    assert found.splits["test"].lists == own.splits["test"].lists
    assert found.grading == own.grading


def test_ids_that_the_champion_knows_keep_their_numbers(champion, tmp_path):
    lists = prepared(tmp_path / "new", log(40), job(), champion)
    own, before = (
        one.known["document/item"] for one in (Encoder.load(lists / "encoder"), champion)
    )
    assert own.encode(before.ids).tolist() == before.numbers.tolist()


def test_columns_that_are_new_to_the_champion_are_no_hindrance(champion, tmp_path):
    rows = log(40).with_columns(stock=pl.col("rank").cast(pl.Float64))
    more = job(
        features__document={"ids": ["item"], "id_lists": ["tags"], "numbers": ["price", "stock"]}
    )
    theirs = shards(prepared(tmp_path / "new", rows, more, champion) / "champion")
    assert "document/stock" not in theirs.columns


def test_a_job_that_lacks_a_column_makes_no_second_lists(champion, tmp_path):
    asked = job(features__document={"ids": ["item"], "id_lists": ["tags"]})
    said = "document/price is no feature of the job; the model reads it as 'number'"
    assert lacking(champion, asked.features) == said
    assert not (prepared(tmp_path / "new", log(40), asked, champion) / "champion").exists()


def test_a_column_of_another_kind_is_lacking(champion):
    asked = job(features__document={"ids": ["item", "price"], "id_lists": ["tags"]})
    said = "document/price is of the kind 'id' in the job; the model reads it as 'number'"
    assert lacking(champion, asked.features) == said


def test_what_a_killed_run_left_for_another_champion_is_not_taken(champion, tmp_path, monkeypatch):
    """The encoders are part of the work's identity."""
    names = []
    kept = work.work_folder

    def noted(run, identity):
        names.append(identity["encoders"])
        return kept(run, identity)

    monkeypatch.setattr("pipelines.jobs.prepare.work_folder", noted)
    for one in (None, champion):
        prepared(tmp_path / "new", log(40), job(), one)
    assert names == [[None, None], [champion.fingerprint] * 2]
