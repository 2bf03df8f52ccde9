"""Read a job file and tell what is wrong with it."""

import datetime
import difflib
import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ltr.errors import first_failure
from pipelines.config._job import Job
from pipelines.errors import ConfigError
from pipelines.telemetry import holds_secret


def load_job(path: Path, date: datetime.date | None = None) -> Job:
    """Read and check a job file.

    Args:
        path: The TOML file.
        date: Goes before the file's own.

    Raises:
        ConfigError: The file is missing or not TOML, or a value breaks a rule.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(key=str(path), rule=f"cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(key=str(path), rule=f"is not TOML ({error})") from None
    try:
        return parse_job(table if date is None else {**table, "date": date})
    except ConfigError as error:
        raise ConfigError(key=f"{path}: {error.key}", rule=error.rule, found=error.found) from None


def parse_job(table: dict[str, Any]) -> Job:
    """Check a job given as nested dicts, e.g. the one that a manifest carries.

    Raises:
        ConfigError: A value breaks a rule.

    Example:
        >>> parse_job({"output": "runs", "log": {"path": "log.parquet"}, "traning": {}})
        Traceback (most recent call last):
        pipelines.errors.ConfigError: traning: unknown key; did you mean 'training'?
    """
    _refuse_secrets("", table)
    try:
        return Job.model_validate(table)
    except ValidationError as error:
        failure = first_failure(error)
        near = _nearest(failure.key) if failure.rule == "unknown key" else None
        rule = failure.rule + (f"; did you mean {near!r}?" if near else "")
        raise ConfigError(key=failure.key, rule=rule, found=failure.found) from None


def _refuse_secrets(key: str, value: object) -> None:
    """The job file is copied into everything that is made: a secret would be, too."""
    if isinstance(value, dict):
        for name, one in value.items():
            _refuse_secrets(f"{key}.{name}".removeprefix("."), one)
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            _refuse_secrets(f"{key}[{number}]", one)
    elif isinstance(value, str) and holds_secret(value):
        raise ConfigError(key=key, rule="must not hold a secret; give it in the environment")


def _nearest(key: str) -> str | None:
    """Return the key beside an unknown one that is most like it."""
    *sections, last = re.sub(r"\[\d+\]", "", key).split(".")
    section: type[BaseModel] = Job
    for name in sections:
        # Else it is the user's own: a column's, as in features.<side>.columns or events.sums.
        if name in section.model_fields:
            section = _section_of(section.model_fields[name].annotation)
    return next(iter(difflib.get_close_matches(last, section.model_fields, n=1)), None)


def _section_of(annotation: Any) -> type[BaseModel]:  # noqa: ANN401  a type of any form
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    msg = f"no section in {annotation!r}"
    raise TypeError(msg)
