"""``ltr inspect``: look at a folder of lists, at one list of it, or at how two folders differ.

Exit codes: 0 done and no rule broken, 3 a rule of drift is broken; errors are the caller's 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import typer
from pydantic import ValidationError

from ltr.data.manifest import SplitName
from ltr.errors import first_failure
from pipelines.config import Drift, DriftRule, load_job
from pipelines.contracts import PARTS
from pipelines.errors import InspectError
from pipelines.inspect import as_json, list_tables
from pipelines.inspect.drift import Finding, compare
from pipelines.inspect.drift_tables import findings_table, sentence
from pipelines.inspect.one_list import find_lists
from pipelines.inspect.profile import Profile, profile
from pipelines.inspect.tables import Shown, profile_tables, shown
from pipelines.inspect.terminal import write
from pipelines.progress import Progress
from pipelines.report.words import count

DRIFTED = 3
"""Exit code: the lists are readable, and differ by more than they may."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the command line asks for.

    Attributes:
        folder: The lists to look at.
        query: The id of one list to show.
        parts: Which parts of the folder.
        against: The lists that they are compared to.
        limits: A job file whose section ``[drift]`` counts.
        limit: Single limits, as ``rule=number`` or ``rule=off``; they go before the file's.
        json: Whether to print JSON.
        html: Where to write the page.
    """

    folder: Path
    query: str | None = None
    parts: tuple[SplitName, ...] = PARTS
    against: Path | None = None
    limits: Path | None = None
    limit: Sequence[str] = ()
    json: bool = False
    html: Path | None = None


def run(asked: Asked) -> int:
    """Do what was asked and return the exit code.

    Raises:
        ListsError: A folder is not readable as lists.
        JobError: An option does not fit, or no list has the id.
    """
    if asked.against and asked.query is not None:
        msg = "--query shows one list of one folder; it does not go with --against"
        raise InspectError(msg)
    if not asked.against and (asked.limits or asked.limit):
        msg = "--limits and --limit judge a comparison; they need --against"
        raise InspectError(msg)
    if asked.query is not None:
        return _one_list(asked, asked.query)
    if asked.against:
        return _against(asked, asked.against)
    return _profile(asked)


def parts_of(text: str | None) -> tuple[SplitName, ...]:
    """Read ``--part``: names parted by commas; none is all.

    Raises:
        InspectError: There is no such part.

    Example:
        >>> parts_of("validation,test")
        ('validation', 'test')
    """
    if text is None:
        return PARTS
    asked = [part.strip() for part in text.split(",")]
    known = get_args(SplitName)
    for part in asked:
        if part not in known:
            msg = f"--part: must be of {', '.join(known)}; got {part!r}"
            raise InspectError(msg)
    return tuple(part for part in PARTS if part in asked)


def limits_of(candidate: Profile, file: Path | None, single: Sequence[str]) -> Drift:
    """Return the limits: single ones, then the file's, then those of the job that made the lists.

    Raises:
        JobError: The file is no job file, or a single limit breaks a rule.
    """
    own = candidate.manifest.job.get("drift")
    limits = load_job(file).drift.model_dump() if file else own
    try:
        return Drift.model_validate(_with(limits if isinstance(limits, dict) else {}, single))
    except ValidationError as error:
        failure = first_failure(error)
        where, rules = "--limit" if single else "[drift]", ", ".join(get_args(DriftRule))
        msg = f"{where}: {failure}; rules: {rules}"
        raise InspectError(msg) from None


def _with(limits: dict[str, Any], single: Sequence[str]) -> dict[str, Any]:
    """Add single limits, each ``rule=number`` or ``rule=off``."""
    changed = {**limits, "off": list(limits.get("off", ()))}
    for text in single:
        rule, _, number = (part.strip() for part in text.partition("="))
        # Said on the command line, a limit is also what switches its rule on again.
        changed["off"] = [one for one in changed["off"] if one != rule]
        if number == "off":
            changed["off"].append(rule)
            continue
        try:
            changed[rule] = float(number)
        except ValueError:
            msg = f"--limit: must be RULE=NUMBER or RULE=off, e.g. numbers=0.1; got {text!r}"
            raise InspectError(msg) from None
    return changed


def _profile(asked: Asked) -> int:
    with Progress("inspect") as progress:
        found = profile(asked.folder, progress, parts=asked.parts)
    lines = _summary(found)
    if asked.html:
        from pipelines.inspect.html import profile_page

        asked.html.write_text(profile_page(found, lines[1:]), encoding="utf-8")
    if asked.json:
        typer.echo(as_json.written(as_json.profile_json(found)))
    else:
        write([*lines, *_wrote(asked.html)], profile_tables(found))
    return 0


def _one_list(asked: Asked, query: str) -> int:
    _, found = find_lists(asked.folder, query, parts=asked.parts)
    notes = list_tables.notes(found[0])
    if asked.html:
        from pipelines.inspect.html import list_page

        asked.html.write_text(list_page(found, notes), encoding="utf-8")
    if asked.json:
        typer.echo(as_json.written([as_json.list_json(one) for one in found]))
        return 0
    for one in found:
        write([*list_tables.heading(one), *notes], list_tables.list_tables(one))
    write(_wrote(asked.html), [])
    return 0


def _against(asked: Asked, other: Path) -> int:
    with Progress("inspect") as progress:
        candidate = profile(asked.folder, progress, parts=asked.parts)
        reference = profile(other, progress, parts=asked.parts)
    limits = limits_of(candidate, asked.limits, asked.limit)
    findings = compare(reference, candidate, limits)
    lines = _compared(reference, candidate, findings)
    if asked.html:
        from pipelines.inspect.html import drift_page

        page = drift_page(reference, candidate, findings, lines[:2])
        asked.html.write_text(page, encoding="utf-8")
    broken = any(one.broken for one in findings)
    if asked.json:
        content = {
            "reference": as_json.profile_json(reference),
            "candidate": as_json.profile_json(candidate),
            "broken": broken,
            "findings": [as_json.finding_json(one) for one in findings],
        }
        typer.echo(as_json.written(content))
    else:
        write([*lines, *_wrote(asked.html)], [Shown(findings_table(findings))])
    return DRIFTED if broken else 0


def _compared(reference: Profile, candidate: Profile, findings: Sequence[Finding]) -> list[str]:
    broken = [one for one in findings if one.broken]
    verdict = f"{count(len(broken))} of {count(len(findings))} rules beyond their limits"
    told = [f"  {sentence(one)}" for one in broken]
    unsure = sum(one.unsure and not one.broken for one in findings)
    few = [f"{count(unsure)} rules cannot be told by so few lists: their noise is above the limit"]
    return [
        f"these lists  {_counted(candidate)}",
        f"reference    {_counted(reference)}",
        f"{verdict}:" if broken else f"all {count(len(findings))} rules hold",
        *told,
        *(few if unsure else []),
    ]


def _summary(found: Profile) -> list[str]:
    manifest = found.manifest
    varying = [
        f"query feature {shown(name)} differs within {count(lists)} lists: its first value stands"
        for name, lists in manifest.varying.items()
    ]
    kinds = [feature.kind for feature in found.features]
    named = {"id": "ids", "ids": "id lists", "number": "numbers"}
    told = ", ".join(
        f"{kinds.count(kind)} {named.get(kind, kind)}" for kind in dict.fromkeys(kinds)
    )
    encoder = f"{len(kinds)} features ({told}), encoder {manifest.encoder[:12]}"
    return [_counted(found), encoder, *varying]


def _counted(found: Profile) -> str:
    whole = found.whole
    return f"{found.folder}: {count(whole.lists)} lists of {count(whole.documents)} documents"


def _wrote(path: Path | None) -> list[str]:
    return [f"wrote {path}"] if path else []
