"""The errors a user can mend, each shown by the commands as one line.

``JobError``                  base: catch this
├── ``ConfigError``           the job file: dotted key, rule, value found
├── ``LogError``              the log: stage, what was expected, what was found
├── ``EncoderError``          a saved encoder, or saved counts, cannot be used
├── ``TableError``            a scored table, or an option of the command that measures it
├── ``RegistryError``         the folder of models: damaged, made to do harm, or not writable
└── ``InspectError``          what was asked of a folder of lists
"""

from collections.abc import Callable
from functools import partial

from ltr.errors import LtrError


class JobError(LtrError):
    """Something in the job's input is wrong; the text is one line that says what and where."""


class ConfigError(JobError):
    """A value of the job file breaks a rule.

    Args:
        key: Dotted key, e.g. ``training.epochs``.
        rule: What the value must be.
        found: The value found, or None where the message already says it.
    """

    def __init__(self, *, key: str, rule: str, found: object = None) -> None:
        self.key, self.rule, self.found = key, rule, found
        super().__init__(f"{key}: {rule}" + ("" if found is None else f"; got {found!r}"))

    def __reduce__(self) -> tuple[Callable[[], JobError], tuple[()]]:
        return partial(ConfigError, key=self.key, rule=self.rule, found=self.found), ()


class LogError(JobError):
    """The log does not hold what the job file says of it.

    Args:
        stage: The stage of the pipeline that noticed, e.g. ``validate``.
        rule: What must be true of the log.
        found: What was found instead.
    """

    def __init__(self, *, stage: str, rule: str, found: str) -> None:
        self.stage, self.rule, self.found = stage, rule, found
        super().__init__(f"{stage}: {rule}; found {found}")

    def __reduce__(self) -> tuple[Callable[[], JobError], tuple[()]]:
        # An error may come from another process, which makes it anew from what this returns.
        return partial(LogError, stage=self.stage, rule=self.rule, found=self.found), ()


class EncoderError(JobError):
    """A saved encoder or its counts are missing, damaged, or of other features."""


class TableError(JobError):
    """A scored table cannot be measured as the command line says."""


class RegistryError(JobError):
    """A version of a model is damaged or not there, or the folder of models cannot be used."""


class InspectError(JobError):
    """A folder of lists does not have what was asked of it, or an option does not fit."""


def first_line(error: Exception) -> str:
    """Return what a library's error says, without the plan or the stack it may print below it."""
    return str(error).partition("\n")[0]
