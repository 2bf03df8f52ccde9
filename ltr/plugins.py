"""What a team's own package adds to this one by name, through Python's entry points."""

import difflib
from collections.abc import Collection
from importlib.metadata import EntryPoint, entry_points
from typing import Any


def find(what: str, name: str, *, group: str, built_in: Collection[str]) -> EntryPoint:
    """Return the one entry point of this name.

    Args:
        what: What it is called in an error, e.g. "loss".
        name: As the entry point is called.
        group: The group of entry points, e.g. "ltr.losses".
        built_in: Names that exist without plug-ins, to be named in an error.

    Raises:
        ValueError: There is none, and the nearest is told; or there are two.
    """
    plugged_in = entry_points(group=group)
    found = [point for point in plugged_in if point.name == name]
    if len(found) > 1:
        msg = f"the {what} {name!r} is plugged in twice: by {' and by '.join(map(origin, found))}"
        raise ValueError(msg)
    if found:
        return found[0]
    known = sorted({*built_in, *plugged_in.names})
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    msg = f"no {what} is called {name!r}; {hint}"
    raise ValueError(msg)


def load(what: str, point: EntryPoint) -> Any:  # noqa: ANN401 - whatever a team made
    """Import what an entry point names.

    Raises:
        ValueError: It cannot be imported.
    """
    try:
        return point.load()
    # A plug-in may fail in any way while it is imported.
    except Exception as error:
        msg = f"the {what} {point.name!r} of {origin(point)} cannot be imported: {error!r}"
        raise ValueError(msg) from error


def origin(point: EntryPoint) -> str:
    """The distribution that has an entry point, and what it points at."""
    return f"{point.dist.name if point.dist else 'an unknown distribution'} ({point.value})"
