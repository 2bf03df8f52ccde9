import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.registry import Registry
from tests.registry.models import about, champion, filled, model

ROOT = Path(__file__).parents[2]


@pytest.fixture
def night(tmp_path) -> Path:
    """The output of three nights, after the second of which somebody went back."""
    models, _ = filled(tmp_path, 2)
    models.rollback(why="worse on phones")
    third = models.add(
        model(tmp_path / "third", 3, best_epoch=1), about(0.55, parent="v0001", code="0.2.0")
    )
    models.promote(third.name, why="all 5 rules hold")
    folder: Path = tmp_path
    return folder


def ltr(*arguments: object) -> int:
    return main(["models", *map(str, arguments)])


def test_list_has_a_line_per_version_and_marks_the_champion(night, capsys):
    assert ltr("list", night) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{night}/models: champion v0003"
    assert lines[3].split() == ["version", "night", "ndcg@10", "rows", "parent", "gate"]
    champion_line = "v0003 champion 2026-11-21 0.550 [0.530, 0.570] 100 v0001 promote"
    assert lines[6].split() == champion_line.split()


def test_list_as_json_has_the_numbers(night, capsys):
    assert ltr("list", night / "models", "--json") == 0
    first, _, third = json.loads(capsys.readouterr().out)
    assert third["metrics"]["ndcg@10"] == pytest.approx(
        {"value": 0.55, "low": 0.53, "high": 0.57, "lists": 508}
    )
    assert (third["champion"], third["parent"], third["rows"]) == (True, "v0001", 100)
    assert (first["champion"], first["promoted"], first["damaged"]) == (False, 2, None)


def test_show_is_of_the_champion_and_has_its_lineage_and_its_promotions(night, capsys):
    assert ltr("show", night) == 0
    out = capsys.readouterr().out
    for told in (
        "v0003: the champion",
        "night 2026-11-21, code 0.2.0, parent v0001",
        "ndcg@10  0.550 [0.530, 0.570]    508",
        "not_worse: ndcg@10  holds           +0.01",
        "drift: lists        does not apply  new",
        "Slices against v0000",
        "device: phone  +0.030 [+0.010, +0.050]    508",
        "device: phone  0.550",
        "rejected: no query    15",
        "log/2026-11-21.parquet    log   120  abababababab",
        "promote  v0001 to v0003",
    ):
        assert told in out


def test_show_as_json_has_everything(night, capsys):
    assert ltr("show", night, "v0001", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["lineage"]["files"][0]["sha256"] == "ab" * 32
    assert found["job"]["log"]["path"] == "../log/*.parquet"
    assert found["gate"]["rules"][0]["passed"] is True
    assert [one["kind"] for one in found["promotions"]] == [
        *("promote", "promote", "rollback", "promote")
    ]
    assert found["promotions"][2]["why"] == "worse on phones"
    assert set(found["files"]) >= {"model.safetensors", "README.md"}


def test_diff_tells_what_differs_and_names_what_does_not(night, capsys):
    assert ltr("diff", night, "v0001") == 0
    out = capsys.readouterr().out
    assert "v0001 against v0003\nthe same: features, rows of the log\n" in out
    assert "ndcg@10  0.510 [0.490, 0.530]  0.550 [0.530, 0.570]  +0.040" in out
    assert "training.seed  1      3" in out
    assert "parent  none   v0001" in out
    assert "gone" not in out


def test_diff_as_json_names_both(night, capsys):
    assert ltr("diff", night, "v0001", "v0002", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["first"], found["second"]) == ("v0001", "v0002")
    assert found["settings"] == {"training.seed": ["1", "2"]}
    assert found["metrics"]["ndcg@10"][2] == "+0.010"


def test_rollback_says_what_is_the_champion_now(night, capsys):
    assert ltr("rollback", night, "--why", "bad clicks") == 0
    assert capsys.readouterr().out == "champion: v0001, was v0003\n"
    models = Registry(night / "models")
    assert (champion(models), models.history()[-1].why) == ("v0001", "bad clicks")
    assert ltr("rollback", night, "--to", "v0002") == 0
    assert champion(models) == "v0002"


def test_rollback_without_an_earlier_champion_is_an_error(tmp_path, capsys):
    filled(tmp_path, 1)
    assert ltr("rollback", tmp_path) == 2
    assert "error: " in (err := capsys.readouterr().err)
    assert "there was no champion before v0001 to go back to" in err


def test_verify_names_every_file_and_ends_with_2(night, capsys):
    assert ltr("verify", night) == 0
    assert capsys.readouterr().out == "3 versions compared, 0 damaged\n"
    (night / "models" / "v0001" / "history.json").unlink()
    (night / "models" / "v0003" / "model\x1b[31m.pkl").write_bytes(b"")
    assert ltr("verify", night) == 2
    out = capsys.readouterr().out.splitlines()
    assert out[0].endswith("v0001/history.json: is missing")
    assert r"v0003/model\x1b[31m.pkl: a file must lie inside" in out[1]
    assert out[2] == "3 versions compared, 2 damaged"
    assert "the champion v0003 is damaged" in out[3]
    assert out[3].endswith("go back to the champion before with `ltr models rollback`")
    assert ltr("verify", night, "v0002") == 0
    capsys.readouterr()
    assert ltr("verify", night, "--json") == 2
    assert json.loads(capsys.readouterr().out)["v0001"] == [
        {"file": "history.json", "what": "is missing"}
    ]


def test_a_version_whose_records_are_damaged_is_still_listed(night, capsys):
    path = night / "models" / "v0002" / "lineage.json"
    path.chmod(0o644)
    path.write_text("{")
    assert ltr("list", night) == 0
    assert "v0002/lineage.json: Invalid JSON" in capsys.readouterr().out


def test_what_a_version_says_cannot_steer_the_terminal(tmp_path, capsys):
    models = Registry(tmp_path / "models")
    models.add(model(tmp_path / "model"), about(code="1\x1b]0;title\x07[bold]"))
    models.promote("v0001", why="\x1b[2Jgone")
    assert ltr("show", tmp_path) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert r"code 1\x1b]0;title\x07[bold]" in out
    assert r"\x1b[2Jgone" in out


def test_a_folder_without_models_is_an_error(tmp_path, capsys):
    assert ltr("list", tmp_path) == 2
    assert "must be a folder of models (v0001 …), or of nights" in capsys.readouterr().err
    filled(tmp_path, 1)
    assert ltr("show", tmp_path, "v0007") == 2
    assert "there is no version 'v0007'; there is v0001 to v0001" in capsys.readouterr().err


def test_a_job_file_names_the_models_of_its_output(night, capsys):
    job = (ROOT / "sample_data" / "job.toml").read_text()
    lines = ["output = '.'" if line.startswith("output") else line for line in job.splitlines()]
    (night / "job.toml").write_text("\n".join(lines))
    assert ltr("list", night / "job.toml") == 0
    assert "champion v0003" in capsys.readouterr().out


def test_looking_at_models_loads_no_torch(night):
    code = (
        "import sys; from pipelines.cli import main; main(sys.argv[1:]);"
        "assert 'torch' not in sys.modules"
    )
    command = [sys.executable, "-c", code, "models", "show", str(night)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
