"""docs/job_file.md names every key of the job file with its default, and no other."""

import re
import tomllib
from pathlib import Path

from pydantic import BaseModel

from pipelines.config import Job, load_job, parse_job

ROOT = Path(__file__).parents[2]


def keys(model: type[BaseModel], prefix: str = "") -> dict[str, object]:
    """Every dotted key of a section and its default."""
    found: dict[str, object] = {}
    for name, field in model.model_fields.items():
        sections = [
            one
            for one in (field.annotation, *getattr(field.annotation, "__args__", ()))
            if isinstance(one, type) and issubclass(one, BaseModel)
        ]
        if sections:
            found |= keys(sections[0], f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = None if field.is_required() else field.get_default()
    return found


def documented():
    """Every key of the page's tables and what its second column says."""
    page = (ROOT / "docs" / "job_file.md").read_text()
    rows = re.findall(r"^\| (`[a-z0-9_.`, ]+`) \| ([^|]+) \|", page, re.MULTILINE)
    return {key: cell.strip() for keys, cell in rows for key in re.findall(r"`([^`]+)`", keys)}


def test_every_key_is_documented_and_nothing_else():
    assert set(documented()) - {"features.query", "features.document"} == set(keys(Job))


def test_the_documented_defaults_are_the_defaults():
    for key, default in keys(Job).items():
        cell = documented()[key]
        if default is None:
            assert cell in ("required", "none"), key
        elif isinstance(default, tuple | list | dict):
            said = tomllib.loads(f"x = {cell.strip('`')}")["x"]
            assert type(default)(said) == default, key
        else:
            said = str(default).lower() if isinstance(default, bool) else str(default)
            assert cell.strip("`") == said, key


def test_the_readmes_job_file_is_one():
    readme = (ROOT / "README.md").read_text()
    (block,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    assert parse_job(tomllib.loads(block)).log.query == "request_id"


def test_the_jobs_that_ship_are_valid():
    for path in (ROOT / "sample_data" / "job.toml", *sorted((ROOT / "examples").glob("*.toml"))):
        assert load_job(path).output.startswith("../runs/")
