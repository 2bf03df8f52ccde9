"""What was inspected as one self-contained page: no network, no script, light and dark."""

from collections.abc import Sequence

from pipelines.inspect import list_tables
from pipelines.inspect.drift import Finding
from pipelines.inspect.drift_picture import limits_picture
from pipelines.inspect.drift_tables import findings_table, sentence
from pipelines.inspect.one_list import OneList
from pipelines.inspect.pictures import REFERENCE, Side, pictures
from pipelines.inspect.profile import Profile
from pipelines.inspect.tables import profile_tables, shown
from pipelines.report.html import Shown, page
from pipelines.report.section import Section
from pipelines.report.words import Verdict, count


def profile_page(profile: Profile, lines: Sequence[str]) -> str:
    """Draw a folder of lists. Every text is escaped: an id cannot become markup."""
    drawn = [Shown(one) for one in pictures([Side(_short(profile), profile)])]
    return _page(
        kicker=f"{profile.folder} \N{MIDDLE DOT} lists on disk",
        heading=_counted(profile),
        lines=lines,
        sections=[
            Section(title="Pictures", pictures=drawn),
            Section.of("In numbers", [one.table for one in profile_tables(profile)]),
        ],
    )


def drift_page(
    reference: Profile, candidate: Profile, findings: Sequence[Finding], lines: Sequence[str]
) -> str:
    """Draw how two folders of lists differ, with every rule."""
    sides = [Side("these lists", candidate), Side(REFERENCE, reference)]
    broken = [one for one in findings if one.broken]
    drawn = [Shown(one) for one in pictures(sides)]
    return _page(
        kicker=f"{candidate.folder} against {reference.folder}",
        heading=(
            f"{count(len(broken))} of {count(len(findings))} rules beyond their limits"
            if broken
            else f"All {count(len(findings))} rules hold"
        ),
        verdicts=[Verdict(kind="worse", sentence=sentence(one)) for one in broken],
        lines=lines,
        sections=[
            Section.of(
                "Rules", [findings_table(findings)], pictures=[Shown(limits_picture(findings))]
            ),
            Section(title="What moved", pictures=drawn),
            *(_folded(profile) for profile in (candidate, reference)),
        ],
    )


def list_page(found: Sequence[OneList], lines: Sequence[str]) -> str:
    """Draw the lists of one query."""
    return _page(
        kicker="one list as it was logged",
        heading=list_tables.heading(found[0])[0],
        lines=lines,
        sections=[
            Section.of(title, [one.table])
            for one_list in found
            for title, one in zip(
                (list_tables.heading(one_list)[1], "Documents"),
                list_tables.list_tables(one_list),
                strict=False,
            )
        ],
    )


def _page(
    *,
    kicker: str,
    heading: str,
    sections: Sequence[Section],
    lines: Sequence[str],
    verdicts: Sequence[Verdict] = (),
) -> str:
    return page("inspect.html").render(
        title=f"{heading}: {kicker}",
        kicker=kicker,
        heading=heading,
        verdicts=verdicts,
        lines=lines,
        sections=sections,
        footer="The same numbers for machines: --json.",
    )


def _folded(profile: Profile) -> Section:
    tables = [one.table for one in profile_tables(profile)]
    return Section(title=str(profile.folder), folded=tables)


def _counted(profile: Profile) -> str:
    whole = profile.whole
    return f"{count(whole.lists)} lists of {count(whole.documents)} documents"


def _short(profile: Profile) -> str:
    return shown(profile.folder.name)
