"""How well our rankers order, against LightGBM on the same lists, by the same metric.

``python -m benchmarks.quality`` prints the page; ``--write`` also puts it into the docs. ``--work``
keeps lists and scores, so that a run that was stopped goes on; ``--quick`` is a smoke test.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.quality_contest import Choice, Outcomes, Task, run_all
from benchmarks.quality_data import (
    BUSY,
    Cut,
    busy_shop,
    clueweb,
    example,
    shop,
    shop_by_time,
    truth,
)
from benchmarks.quality_entries import SETS, Entries
from benchmarks.quality_rankers import Contestant, per_list
from ltr.data.reader import Lists
from ltr.evaluation import Interval, difference_interval, mean_interval
from ltr.metrics import Blank

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "quality.md"
NEAR = 0.98
"""Of the NDCG of the true relevance's own order, on the shop."""


@dataclass(frozen=True)
class Set:
    """A set of lists, who competes on it, and what they made of it."""

    name: str
    title: str
    about: str
    entries: Entries
    outcomes: Outcomes

    def contest(self) -> list[Task]:
        """The trainings of those who may be chosen."""
        return [task for one in self.entries.contest for task in self.outcomes.contest(one)]

    def table(self) -> list[Task]:
        """The trainings of the table of losses."""
        return [task for one in self.entries.table for task in self.outcomes.glance(one)]


def main() -> None:
    """Run all contests and print the page; with ``--write`` also into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} in the docs")
    parser.add_argument("--quick", action="store_true", help="one epoch of two rankers a set")
    parser.add_argument("--work", type=Path, help="keep lists and scores in this folder")
    parser.add_argument("--processes", type=int, default=2, help="trainings at a time")
    told = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as made:
        work = told.work or Path(made)
        sets = [quick(each) if told.quick else each for each in all_sets(work, told.quick)]
        tasks = [task for each in sets for task in each.contest()]
        run_all([*tasks, *(task for each in sets for task in each.table())], told.processes)
        minutes = (time.monotonic() - began) / 60
        page = [head(minutes if told.work is None else None), *map(section, sets)]
    print("\n".join(page))
    if told.write and not told.quick:
        PAGE.write_text("\n".join(page))


def all_sets(work: Path, is_quick: bool) -> list[Set]:  # noqa: FBT001 - of the command line
    """Make the lists of every set."""
    made: list[tuple[str, Callable[[Path], list[Cut]], int, Blank]] = [
        ("clueweb", clueweb, 2, "zero"),
        ("example", example, 1, "zero"),
        ("shop", shop, 1, "skip"),
        ("by_time", shop_by_time, 5, "skip"),
    ]
    made += [] if is_quick else [("busy", busy_shop, 3, "skip")]
    return [
        Set(name, *TITLES[name], SETS[name], Outcomes(make(work), seeds, blank, work))
        for name, make, seeds, blank in made
    ]


def quick(each: Set) -> Set:
    """The same with one epoch of the first ranker of each side, on one cut."""
    ours, trees = (one_of(side, each.entries) for side in ("ours", "LightGBM"))
    training = ours.settings["training"] | {"epochs": 1}
    ours = replace(ours, settings=ours.settings | {"training": training})
    outcomes = replace(each.outcomes, cuts=each.outcomes.cuts[:1], seeds=1)
    return replace(each, entries=Entries([ours, trees], [ours]), outcomes=outcomes)


def one_of(side: str, entries: Entries) -> Contestant:
    """The first contestant of a side."""
    return next(one for one in entries.contest if one.side == side)


def section(each: Set) -> str:
    """One set: the verdict, who was chosen, everybody who competed, and every loss."""
    print(f"counting {each.name}", flush=True)
    parts = [f"## {each.title}\n", each.about, verdict(each), contest(each)]
    if each.entries.table:
        parts.append(losses(each))
    return "\n".join(parts)


def verdict(each: Set) -> str:
    """Both sides by both rules, and how much they differ, list by list."""
    values = {(side, rule): each.outcomes.averaged(RULES[rule](each, side)) for side, rule in SIDES}
    rows = [
        [f"{side}, {rule}", who(each, side, rule), shown(mean_interval(value))]
        for (side, rule), value in values.items()
    ]
    for rule, other in ((AVERAGED, AVERAGED), (AVERAGED, CHOSEN), (CHOSEN, CHOSEN)):
        gain = difference_interval(values["ours", rule], values["LightGBM", other])
        name = f"**ours, {rule} - LightGBM, {other}**, paired"
        rows.append([name, "", f"**{shown(gain, '+')}**"])
    rows += reference(each, values["ours", AVERAGED])
    return table(["", "loss, model", "NDCG@10 [95 % interval]"], rows)


def everybody(each: Set, side: str) -> Choice:
    """All of a side, for every fold."""
    own = [one for one in each.entries.contest if one.side == side]
    return lambda _: own


def chosen(each: Set, side: str) -> Choice:
    """Who stands for a side where a fold is tested."""
    own = [one for one in each.entries.contest if one.side == side]
    return lambda fold: [each.outcomes.chosen(own, fold)]


AVERAGED, CHOSEN = "all averaged", "chosen on validation"
RULES: dict[str, Callable[[Set, str], Choice]] = {AVERAGED: everybody, CHOSEN: chosen}
SIDES = [(side, rule) for rule in RULES for side in ("ours", "LightGBM")]


def who(each: Set, side: str, rule: str) -> str:
    """Who stands for a side, and in how many folds."""
    made = [RULES[rule](each, side)(fold) for fold in each.outcomes.folds()]
    if rule == AVERAGED:
        return f"all {len(made[0])} of the table below"
    names = [label(one) for (one,) in made]
    if len(set(names)) == 1:
        return names[0]
    return "; ".join(f"{names.count(one)} x {one}" for one in dict.fromkeys(names))


def reference(each: Set, ours: Tensor) -> list[list[str]]:
    """On a shop: the true relevance's own order, how near we came, and who knows the formula."""
    formulas = [one for one in each.entries.contest if one.side == "formula"]
    if not formulas:
        return []
    cut = each.outcomes.cuts[0]
    relevant = torch.tensor(truth(cut)["relevance"].to_numpy())
    best = per_list(relevant, Lists(cut.folder, "test"))
    knows = each.outcomes.averaged(chosen(each, "formula"))
    share = float(ours.nanmean() / best.nanmean())
    reached = "reached" if share >= NEAR else "not reached"
    return [
        ["the formula's own terms, logistic regression", "", shown(mean_interval(knows))],
        ["the true relevance's own order", "", shown(mean_interval(best))],
        [f"ours, {AVERAGED}, as a share of it ({NEAR:.0%} is {reached})", "", f"{share:.1%}"],
        [
            f"ours, {AVERAGED} - the formula's terms, paired",
            "",
            shown(difference_interval(ours, knows), "+"),
        ],
    ]


def contest(each: Set) -> str:
    """Everybody who could be chosen."""
    rows = []
    for one in each.entries.contest:
        tasks = each.outcomes.contest(one)
        value = each.outcomes.averaged(lambda _, one=one: [one])  # type: ignore[misc]
        validation, single = each.outcomes.validation(tasks), each.outcomes.single(tasks)
        found = [f"{validation:.4f}", f"{single:.4f}", shown(mean_interval(value))]
        rows.append([one.side, label(one), *found])
    models = len(each.outcomes.contest(each.entries.contest[0])) // len(each.outcomes.folds())
    head = ["side", "loss, model", "validation", "test, one model", f"test, {models} averaged"]
    return "Who competes:\n\n" + table(head, rows)


def losses(each: Set) -> str:
    """Every loss of the catalogue with one tower, the best first."""
    rows = []
    for one in each.entries.table:
        tasks = each.outcomes.glance(one)
        value = torch.cat([each.outcomes.of_tasks([task]) for task in tasks])
        found = [f"{each.outcomes.validation(tasks):.4f}", shown(mean_interval(value))]
        rows.append((float(value.nanmean()), [f"`{one.name}`", *found]))
    ranked = [row for _, row in sorted(rows, key=lambda row: -row[0])]
    title = f"Every loss of the catalogue, {each.entries.table[0].model}, one model a fold:\n\n"
    return title + table(["loss", "validation", "test"], ranked)


def label(one: Contestant) -> str:
    """A contestant in words."""
    return f"`{one.name}`, {one.model}" if one.model else one.name


def shown(found: Interval, sign: str = "") -> str:
    """A mean with its interval."""
    return f"{found.value:{sign}.4f} [{found.low:{sign}.4f}, {found.high:{sign}.4f}]"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), ""])


def head(minutes: float | None) -> str:
    """What the page says before its tables."""
    took = "" if minutes is None else f" It took {minutes:.0f} minutes in two processes."
    versions = ", ".join(f"{name} {version(name)}" for name in ("torch", "torchrec", "lightgbm"))
    return HEAD.format(versions=versions, took=took)


TITLES = {
    "clueweb": (
        "ClueWeb09, judged documents of the TREC web tracks",
        """61 queries in 5 folds, 230 to 728 documents each, 42 features, grades 0 to 4. Every fold
is tested once; each of the others is the validation part in turn, with two seeds, which gives eight
models for a fold. Sizes and rates of both sides were set by the mean validation of all folds. First
runs of this page had been read when ours were set anew, and when the second seed was added on both
sides. 61 queries are few: a difference below .05 is chance, look at the intervals, and at how far
validation and test part. LightGBM's lambdarank is stated as .2494 on these folds, with the features
as they are.
""",
    ),
    "example": (
        "LightGBM's own example",
        """201 lists to learn from and 50 to test on, 300 sparse features, grades 0 to 4. Each fifth
of the 201 is the validation part in turn: five models are averaged. A feature that a row leaves out
is missing: both sides see that as a feature of its own.
""",
    ),
    "shop": (
        "The sample data",
        """The log in `sample_data`. The test lists are those of its job, the last two days; each
fifth of the sessions before them is the validation part in turn, so that five models are averaged,
and four of five have learned from any list. NDCG is on what users did. The made users act with
noise, and even the order by their true relevance does not reach 1. A logistic regression that is
given the very terms of the formula in the README of the sample data (who belongs with what, and
nothing else) stands for a model that knows the world's structure.
""",
    ),
    "by_time": (
        "The sample data, by the job's own split",
        """The same test lists and the same rankers, with what the job validates on: the days just
before the test. 1,924 lists to learn from; nobody learns from the other 444; five seeds are
averaged.
""",
    ),
    "busy": (
        "The same shop with more visits",
        f"""`sample_data/make.py --sessions-per-day {BUSY}`: the same documents and users, ten times
the lists to learn from and to test on, all else as above; three seeds are averaged.
""",
    ),
}

HEAD = """# Quality of the rankers

Written by `python -m benchmarks.quality --write`; {versions}.{took}

Both sides get the same lists from disk, prepared by the project's own job (ClueWeb's features are
scaled to deviation 1 within their list), and stop by NDCG@10 of the same validation lists. The
scores of a fold's models are averaged on both sides, each brought to deviation 1 within its list.
Who stands for a side is settled by two rules, the same for both sides. **All averaged**: every
ranker that is listed under "Who competes", with equal weight; nothing is chosen. **Chosen on
validation**: for each test fold anew, the one whose validation lists are ordered best. A first run
of this page had the second rule alone; a dozen lists, as ClueWeb has them, choose by chance, and
that is why there is another. No rule looks at a test list. NDCG@10 has exponential gain; a list
without a relevant document counts 0 in the first two sets and is left out on the shop. Intervals
are bootstraps over the test lists, 2,000 resamples; they do not know of the chance in training.
"""


if __name__ == "__main__":
    main()
