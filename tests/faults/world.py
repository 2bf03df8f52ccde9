"""A small shop, one night of which is spoilt, and what must hold whatever became of that night."""

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

from ltr.data.manifest import Manifest
from ltr.errors import LtrError
from pipelines.nightly.outcome import Outcome
from pipelines.registry import Registry
from tests.nightly.small import home, night, write_day

BEFORE, SPOILT = 3, 4
"""The night that made the champion, and the one after it."""
CHANGES: dict[str, Any] = {
    "nightly__score": "log/{date}.parquet",
    "drift__off": ["new_ids", "numbers"],
    "evaluation__by": [],
    "checkpoints__every": 2,
}
SMALL = ("outcome.json", "night.json", "drift.json", "gate.json", "inputs.json")


def begin(folder: Path) -> int:
    """Write the log of five days, and make a champion of the first three."""
    for number in range(1, 6):
        write_day(folder, number)
    return night(folder, BEFORE, **CHANGES)


def copy(base: Path, here: Path) -> Path:
    """Put the shop where it is to be spoilt; always in one place, so that files can be compared."""
    shutil.rmtree(here, ignore_errors=True)
    return shutil.copytree(base, here, symlinks=True)


def registry(here: Path) -> Registry:
    """The models of the shop."""
    return Registry(here / "run" / "models")


def wrong_now(here: Path) -> list[str]:
    """What a reader finds that is neither the old nor the new; nothing, at every moment."""
    found = [*_wrong_models(here), *wrong_files(home(here, SPOILT))]
    before = Outcome.model_validate_json((home(here, BEFORE) / "outcome.json").read_bytes())
    return found if before.status == "promoted" else [*found, "the night before lost its outcome"]


def _wrong_models(here: Path) -> list[str]:
    models = registry(here)
    try:
        champion, history = models.champion(), models.history()
        if models.champion() != champion:
            return []  # it became another one just now; what is wrong stays wrong
        if champion is None or champion.name not in ("v0001", "v0002"):
            return [f"the champion is {champion}"]
        if history[-1].to != champion.name:
            return ["the last promotion is not that of the champion"]
        damages = [str(one) for version in models.versions() for one in version.damages()]
    except (LtrError, OSError) as error:
        return [str(error)]
    return damages


def wrong_files(place: Path) -> list[str]:
    """What is not whole of the files of a night, or of a job: each is whole, or not there."""
    found: list[str] = []
    for name in ("lists", "model", "report", "scored"):
        try:
            if (place / name).exists():
                _read(place / name)
            elif (place / name).is_symlink():
                found.append(f"{name} leads nowhere")
        except (LtrError, OSError, ValueError) as error:
            found.append(f"{name}: {error}")
    records = sorted((place / "steps").glob("*.json"))
    for path in [*(place / name for name in SMALL), *records]:
        try:
            if path.exists():
                json.loads(path.read_bytes())
        except ValueError:
            found.append(f"{path.name} is torn")
    page = place / "night.html"
    if page.exists() and not page.read_text().rstrip().endswith("</html>"):
        found.append("night.html is torn")
    return found


def _read(folder: Path) -> None:
    if folder.name == "lists":
        Manifest.load(folder, verify=True)
    elif folder.name == "model":
        from ltr.training import ModelCard

        ModelCard.load(folder)
    else:
        name = {"report": "report.json", "scored": "manifest.json"}[folder.name]
        json.loads((folder / name).read_bytes())


def done(here: Path) -> set[str]:
    """The steps of the night that are recorded as done."""
    records = (home(here, SPOILT) / "steps").glob("*.json")
    return {path.stem for path in records if json.loads(path.read_bytes())["done"]}


def end(here: Path) -> dict[str, Any]:
    """How the night ended, without how long it took."""
    place, models = home(here, SPOILT), registry(here)
    outcome = json.loads((place / "outcome.json").read_bytes())
    outcome.pop("seconds")
    version = models.champion()
    assert version is not None
    return {
        "outcome": outcome,
        "champion": version.name,
        "digest": version.digest,
        "weights": _sum(version.folder / "model.safetensors"),
        "versions": [one.name for one in models.versions()],
        "history": [(one.before, one.to, one.why, one.forced) for one in models.history()],
        "lists": _sums(place / "lists", "*/*.arrow"),
        "scored": _sums(place / "scored", "*.parquet"),
        "there": sorted(path.name for path in place.iterdir() if not path.name.startswith(".")),
    }


def left_behind(here: Path) -> list[str]:
    """What was left by a process that died, and never removed: snapshots, hidden and not in use."""
    hidden = [path for path in (here / "run").rglob(".*") if not path.name.endswith(".lock")]
    used = {path.resolve() for path in (here / "run").rglob("*") if path.is_symlink()}
    odd = [path for path in hidden if path.resolve() not in used]
    prepared = here / "run" / "models" / "promotion.json"
    odd += (here / "run").rglob("snapshots")
    return [str(path.relative_to(here)) for path in [*odd, *[prepared] * prepared.exists()]]


def _sums(folder: Path, pattern: str) -> dict[str, str]:
    return {path.name: _sum(path) for path in sorted(folder.glob(pattern))}


def _sum(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()
