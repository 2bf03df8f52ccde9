"""``[notify]``: who is told how a night ended."""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipelines.config._base import Config, Name, Names
from pipelines.errors import ConfigError

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Ended = Literal["promoted", "kept", "failed", "stopped"]


class Notify(Config):
    """A web hook, a command and a file of metrics; none of them can change how the night ends.

    Example:
        >>> Notify(url_env="LTR_WEBHOOK").on
        ('promoted', 'kept', 'failed')
    """

    on: Annotated[tuple[Ended, ...], Field(strict=False)] = ("promoted", "kept", "failed")
    """The ends of a night that the hooks are told of."""
    url_env: str | None = None
    """Name of the environment variable that holds the address; the address is a secret."""
    command: Names = ()
    """Program and its arguments; gets the outcome as JSON on standard input."""
    timeout: Annotated[float, Field(gt=0, le=600)] = 10.0
    """Seconds for one request, and for the command."""
    attempts: Annotated[int, Field(ge=1, le=10)] = 3
    """How often a request is sent at most."""
    textfile: Name | None = None
    """File of Prometheus metrics, for node_exporter's textfile collector."""

    @field_validator("url_env")
    @classmethod
    def _names_a_variable(cls, value: str | None) -> str | None:
        # What was found is not told: it may be the address itself.
        if value is not None and not _VARIABLE.fullmatch(value):
            rule = "must be the name of an environment variable, not what it holds"
            raise ConfigError(key="notify.url_env", rule=rule)
        return value

    @field_validator("textfile")
    @classmethod
    def _has_its_suffix(cls, value: str | None) -> str | None:
        if value is not None and not value.endswith(".prom"):
            rule = "must end in .prom, or the collector passes it over"
            raise ConfigError(key="notify.textfile", rule=rule, found=value)
        return value
