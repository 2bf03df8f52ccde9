"""A champion that is damaged, gone, or put there to do harm."""

import json
import os
import pickle
import shutil
from hashlib import sha256

import pytest

from pipelines.cli import main
from pipelines.nightly.outcome import Exit
from tests.faults.world import CHANGES, SPOILT
from tests.nightly.small import day, done, home, night, outcome


def flip(folder):
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    put(folder, "model.safetensors", bytes(content), recorded=False)


def put(folder, name, content, *, recorded=True):
    """Put a file into a version, also into its checksums, as one who means harm would."""
    path = folder / name
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    if recorded:
        sums = folder / "checksums.json"
        known = json.loads(sums.read_text())
        known["files"][name] = {"sha256": sha256(content).hexdigest(), "bytes": len(content)}
        sums.chmod(0o644)
        sums.write_text(json.dumps(known))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (flip, "model.safetensors: was changed"),
        (lambda folder: (folder / "model.safetensors").unlink(), "model.safetensors: is missing"),
        (lambda folder: (folder / "encoder" / "encoder.json").unlink(), "encoder.json: is missing"),
        (lambda folder: (folder / "checksums.json").unlink(), "checksums.json"),
        (lambda folder: (folder / "model.json").chmod(0o644) or put_text(folder), "model.json"),
    ],
)
def test_a_damaged_champion_stays_scores_nothing_and_the_night_names_the_file(
    here, models, damage, says
):
    damage(models.folder / "v0001")
    assert night(here, SPOILT, **CHANGES) == Exit.BAD_INPUT
    ended = outcome(here, SPOILT)
    assert (ended.status, ended.champion, ended.candidate) == ("failed", "v0001", "v0002")
    assert says in (ended.error or "")
    assert "promote v0002 with --force" in (ended.error or "")
    assert not (home(here, SPOILT) / "scored").exists()
    # A whole model is there to go on with.
    assert models.version("v0002").damages() == ()
    assert night(here, SPOILT, "--force", **CHANGES) == Exit.PROMOTED
    assert done(here, SPOILT) == ["decide", "promote", "score"]


def put_text(folder):
    put(folder, "model.json", b"{", recorded=False)


def unlink(models):
    (models / "champion").unlink()


def dangle(models):
    shutil.rmtree(models / "v0001")


def lead_out(models):
    unlink(models)
    (models / "champion").symlink_to("/etc")


def replace_by_folder(models):
    unlink(models)
    (models / "champion").mkdir()


@pytest.mark.parametrize("lose", [unlink, dangle, lead_out, replace_by_folder])
def test_a_champion_that_is_lost_ends_the_night_and_says_how_to_go_back(here, models, capsys, lose):
    lose(models.folder)
    assert night(here, SPOILT, **CHANGES) == Exit.BAD_INPUT
    errors = [one for one in capsys.readouterr().err.splitlines() if "ltr: error: " in one]
    assert len(errors) == 1
    assert "ltr models rollback" in errors[0]
    assert outcome(here, SPOILT).status == "failed"


class Boom:
    """What runs when a pickle is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@pytest.fixture
def boom(tmp_path):
    """A folder that is made if any code of the model is run."""
    return tmp_path / "boom"


def put_pickle(folder, boom):
    put(folder, "model.safetensors", pickle.dumps(Boom(str(boom))))
    return "pickle"


def put_second_pickle(folder, boom):
    put(folder, "optimizer.pt", pickle.dumps(Boom(str(boom))))
    return "pickle"


def put_path(folder, boom):
    path = folder / "encoder" / "encoder.json"
    content = path.read_text().replace(".parquet", "")
    content = json.loads(content)
    content["file"] = "../../../../" + str(boom)
    put(folder, "encoder/encoder.json", json.dumps(content).encode())
    return "encoder.json"


def put_link(folder, _boom):
    (folder / "history.json").unlink()
    (folder / "history.json").symlink_to("/etc/passwd")
    return "it is a link to '/etc/passwd'"


@pytest.mark.parametrize("harm", [put_pickle, put_second_pickle, put_path, put_link])
def test_a_champion_that_means_harm_is_refused_by_every_command(here, models, boom, capsys, harm):
    says = harm(models.folder / "v0001", boom)
    assert main(["models", "verify", str(models.folder)]) == Exit.BAD_INPUT
    told = capsys.readouterr()
    assert says in told.err + told.out
    # To score reads less than all of a model, and runs and follows nothing of it.
    model, log = str(models.folder / "champion"), str(here / "log" / f"{day(SPOILT)}.parquet")
    code = main(["score", "--model", model, "--log", log, "--out", str(here / "scored")])
    assert code in (Exit.PROMOTED, Exit.BAD_INPUT)
    assert night(here, SPOILT, **CHANGES) == Exit.BAD_INPUT
    assert says in (outcome(here, SPOILT).error or "")
    assert models.pointer() == "v0001"
    assert not boom.exists()
    read = [
        path for path in (here / "run" / "nights").rglob("*") if path.suffix in (".json", ".md")
    ]
    assert not any("root:" in path.read_text() for path in read)
