import json
import shutil

import polars as pl
import pytest
from hypothesis import given, settings
from polars.testing import assert_frame_equal

from pipelines.encoder import Counts, Encoder
from pipelines.errors import EncoderError
from tests.pipelines.encoder.test_counts import FEATURES, frame, tables

ROWS = [
    ("q0", "u", 1.0, "a", "s", ["x", "y"], 0.1, 3.0, 1.0),
    ("q0", "u", 1.0, "a", "t", ["x"], 0.2, 4.0, 2.0),
    ("q1", "u", 5.0, "b", "s", ["y", "x"], None, 5.0, 3.0),
]


def fit(rows=ROWS):
    return Encoder.fit(Counts.of(frame(rows), FEATURES), FEATURES)


@pytest.fixture
def folder(tmp_path):
    fit().save(tmp_path / "encoder")
    return tmp_path / "encoder"


@settings(deadline=None, max_examples=30)
@given(tables, tables)
def test_a_loaded_encoder_is_the_saved_one_to_the_last_bit(tmp_path_factory, train, later):
    encoder = fit(train)
    path = tmp_path_factory.mktemp("run") / "encoder"
    encoder.save(path)
    loaded = Encoder.load(path)
    assert loaded.fingerprint == encoder.fingerprint
    assert loaded.features() == encoder.features()
    assert_frame_equal(
        loaded.transform(frame(later)).collect(),
        encoder.transform(frame(later)).collect(),
        check_exact=True,
    )


def test_a_folder_without_an_encoder_is_named(tmp_path):
    with pytest.raises(EncoderError, match=r"must be the folder of an encoder; cannot read enco"):
        Encoder.load(tmp_path)


@pytest.mark.parametrize("name", ["vocabularies.parquet", "knots.parquet"])
def test_a_table_that_is_missing_damaged_or_foreign_is_named(folder, name):
    for content in (None, b"PAR1 damaged", pl.DataFrame({"a": [1]})):
        (folder / name).unlink(missing_ok=True)
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        elif content is not None:
            content.write_parquet(folder / name)
        with pytest.raises(EncoderError, match=rf"{name} must hold column, "):
            Encoder.load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda about: about.update(format="ltr-encoder/9"), r"encoder\.json must .*format: must"),
        (lambda about: about.pop("columns"), r"encoder\.json must .*columns: is required"),
        (
            lambda about: about["columns"][1]["scale"].update(unit=7.0),
            r"the files of an encoder must belong together; encoder\.json records the fingerprint",
        ),
    ],
)
def test_a_changed_description_is_refused(folder, change, message):
    path = folder / "encoder.json"
    about = json.loads(path.read_text())
    change(about)
    path.write_text(json.dumps(about))
    with pytest.raises(EncoderError, match=message):
        Encoder.load(folder)


def test_the_table_of_another_encoder_is_refused(folder, tmp_path):
    fit([("q0", "v", 1.0, "a", "s", [], 0.1, 3.0, 1.0)] * 2).save(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "vocabularies.parquet", folder)
    with pytest.raises(EncoderError, match="must belong together"):
        Encoder.load(folder)


def test_a_description_that_is_no_json_is_refused(folder):
    (folder / "encoder.json").write_text("{")
    with pytest.raises(EncoderError, match=r"encoder\.json must describe an encoder: .*JSON"):
        Encoder.load(folder)
