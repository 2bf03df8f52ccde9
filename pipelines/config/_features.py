"""``[features]``: which columns the model sees."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ltr.data.manifest import WEIGHTS
from pipelines.config._base import Config, Name, Names
from pipelines.config._columns import MISSING, Column, broken_rules
from pipelines.errors import ConfigError

FeatureKind = Literal["id", "ids", "number"]


class SideFeatures(Config):
    """The features of one side: queries or documents. Values are column names of the log."""

    ids: Names = ()
    id_lists: Names = ()
    numbers: Names = ()
    """A name with ``*`` or ``?`` is a pattern: see ``Features.expand``."""
    columns: Mapping[Name, Column] = {}
    """Settings of a column, or of all whose names match a pattern; the first that fits holds."""

    @property
    def names(self) -> tuple[str, ...]:
        """All columns of this side, in the order ids, id lists, numbers."""
        return (*self.ids, *self.id_lists, *self.numbers)

    @property
    def kinds(self) -> dict[str, FeatureKind]:
        """Column to kind, in the order of ``names``."""
        return {
            **dict.fromkeys(self.ids, "id"),
            **dict.fromkeys(self.id_lists, "ids"),
            **dict.fromkeys(self.numbers, "number"),
        }

    @property
    def weights(self) -> dict[str, str]:
        """Column of ids to the column that holds their weights."""
        told = {name: self.column(name).weights for name in self.id_lists}
        return {name: weights for name, weights in told.items() if weights is not None}

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns among ``numbers``."""
        return tuple(name for name in self.numbers if _is_pattern(name))

    def column(self, name: str) -> Column:
        """Return a column's settings: its own table, else the first pattern's that matches."""
        key = self._key(name)
        return Column() if key is None else self.columns[key]

    def _key(self, name: str) -> str | None:
        if name in self.columns:
            return name
        return next((key for key in self.columns if fnmatchcase(name, key)), None)

    def problems(self, side: str) -> Iterator[tuple[str, str, object]]:
        """Yield (key below the side, rule, value) of what is wrong with the columns' settings."""
        for name, kind in self.kinds.items():
            if (key := self._key(name)) is not None:
                for setting, rule, value in broken_rules(self.columns[key], kind, side):
                    yield f"columns.{key}.{setting}", f"{rule} (column {name!r})", value
                if self.columns[key].missing and name + MISSING in self.names:
                    rule = f"makes the feature {name + MISSING!r}, which is a column already"
                    yield f"columns.{key}.missing", rule, None
                yield from self._weights_problems(key, name)
        used = {self._key(name) for name in self.names}
        for key in self.columns:
            # What the patterns among the numbers stand for is not known before the log is open.
            waits = any(_is_pattern(key) or fnmatchcase(key, one) for one in self.patterns)
            if key not in used and not waits:
                near = difflib.get_close_matches(key, self.names, n=1)
                more = f"; did you mean {near[0]!r}?" if near else ""
                yield f"columns.{key}", f"names no feature of this side{more}", None

    def _weights_problems(self, key: str, name: str) -> Iterator[tuple[str, str, object]]:
        weights = self.columns[key].weights
        if weights in self.names:
            yield f"columns.{key}.weights", "must not be a feature itself", weights
        if weights is not None and name + WEIGHTS in self.names:
            rule = f"makes the column {name + WEIGHTS!r}, which is a feature already"
            yield f"columns.{key}.weights", rule, None


class Features(Config):
    """Which columns the model sees.

    Example:
        >>> side = SideFeatures(numbers=("f*",), columns={"f*": Column(scale="list_minmax")})
        >>> expanded = Features(document=side).expand(["qid", "f10", "f2"])
        >>> expanded.document.numbers, expanded.document.column("f2").scale
        (('f2', 'f10'), 'list_minmax')
    """

    query: SideFeatures = SideFeatures()
    document: SideFeatures
    min_count: Annotated[int, Field(ge=1)] = 2
    """Ids seen fewer times in the training part become id 0, "unseen", which is thereby trained."""
    extend: bool = False
    """Ids of the lists that are there already, those of yesterday say, keep their numbers."""

    @property
    def sides(self) -> dict[Literal["query", "document"], SideFeatures]:
        """Both sides by name."""
        return {"query": self.query, "document": self.document}

    def expand(self, columns: Iterable[str], taken: Iterable[str] = ()) -> Self:
        """Replace each pattern in ``numbers`` by the columns of the log that it stands for.

        Those are all that match and that nothing else names, in the order of their numbers: f2
        comes before f10. Each must hold numbers, as a column that is named must.

        Args:
            columns: All columns of the log.
            taken: Columns that the job uses for something else, e.g. ``log.query``.

        Raises:
            ConfigError: A pattern stands for no column.
        """
        named = {
            name
            for side in self.sides.values()
            for name in (*side.names, *side.weights.values(), *taken)
        }
        free = sorted(set(columns) - named, key=_natural)
        expanded: dict[str, SideFeatures] = {}
        for name, side in self.sides.items():
            numbers: list[str] = []
            for number in side.numbers:
                found = [one for one in free if fnmatchcase(one, number)]
                if _is_pattern(number) and not found:
                    rule = "is a pattern that stands for no free column of the log"
                    raise ConfigError(key=f"features.{name}.numbers", rule=rule, found=number)
                numbers += found if _is_pattern(number) else [number]
                free = [one for one in free if one not in found]
            expanded[name] = side.model_copy(update={"numbers": tuple(numbers)})
        return type(self).model_validate({**dict(self), **expanded})

    @model_validator(mode="after")
    def _columns_fit_their_settings(self) -> Self:
        for name, side in self.sides.items():
            for key, rule, value in side.problems(name):
                raise ConfigError(key=f"features.{name}.{key}", rule=rule, found=value)
        return self

    @model_validator(mode="after")
    def _vocabularies_have_an_owner(self) -> Self:
        own = {
            f"{side}/{name}"
            for side, chosen in self.sides.items()
            for name in (*chosen.ids, *chosen.id_lists)
            if chosen.column(name).vocabulary is None and chosen.column(name).buckets is None
        }
        for side, chosen in self.sides.items():
            for name in (*chosen.ids, *chosen.id_lists):
                used = chosen.column(name).vocabulary
                if used is not None and used not in own:
                    known = ", ".join(sorted(own)) or "none"
                    rule = (
                        f"must be a column of ids with a vocabulary of its own; there are {known}"
                    )
                    key = f"features.{side}.columns.{name}.vocabulary"
                    raise ConfigError(key=key, rule=rule, found=used)
        return self


def _is_pattern(name: str) -> bool:
    return "*" in name or "?" in name


def _natural(name: str) -> list[tuple[int, str]]:
    """Order names by the numbers in them."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part) if part.isdecimal() else -1, part) for part in parts]
