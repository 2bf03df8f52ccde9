"""How often the gate is wrong, and how many lists it needs, over nights whose truth is known.

``python -m benchmarks.gate`` prints the tables; ``--write`` also puts them into the docs. A list
has one relevant document among nine others; two rankers see the same documents with noise of their
own. The truth of a difference is its mean over very many such lists.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.markdown import table
from pipelines.config import Gate
from pipelines.gate import Evidence, Ranked, compare, judge

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "gate.md"
HEAD = """# How often the gate is wrong

Written by `python -m benchmarks.gate --write`. A list has one relevant document among nine others;
candidate and champion see the same documents, each with noise of its own. {nights:,} nights a cell,
so that 5 % is known to within {error:.1f} points (one standard error). `gate.confidence` is 0.95
and `gate.margin` 0.01 unless a table says otherwise; {resamples:,} resamples instead of the gate's
own {own:,}, to save time.
"""
NIGHTS = 400
RESAMPLES = 1000
NOISES = (0.1, 0.3)
MANY = 1_000_000
Floats = npt.NDArray[np.float64]


def main() -> None:
    """Print the tables; with ``--write`` also into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} in the docs")
    parser.add_argument("--nights", type=int, default=NIGHTS)
    asked = parser.parse_args()
    error = 100 * (0.05 * 0.95 / asked.nights) ** 0.5
    told = {"nights": asked.nights, "error": error, "resamples": RESAMPLES}
    parts = [HEAD.format(own=compare.RESAMPLES, **told)]
    compare.RESAMPLES = RESAMPLES
    parts += [part(asked.nights) for part in (wrong, lists_needed, slices)]
    page = "\n".join(parts).rstrip("\n") + "\n"
    print(page)
    if asked.write:
        PAGE.write_text(page, encoding="utf-8")


def wrong(nights: int) -> str:
    """Of candidates whose true loss is the margin, or twice the margin: how many pass."""
    rows = []
    for number in (50, 100, 200, 1000):
        cells = [f"{number:,}"]
        for handicap, times in ((0.05, 1), (0.5, 1), (0.3, 2)):
            limits = Gate(margin=-truth(handicap) / times, min_lists=2)
            cells.append(share(promoted(handicap, number, limits, nights), nights))
        rows.append(cells)
    head = ["lists", "worse by the margin", "by a margin ten times as wide", "by twice the margin"]
    return table("Nights that promote a candidate which is worse", head, rows)


def lists_needed(nights: int) -> str:
    """Of candidates that equal the champion: how many pass."""
    rows = []
    for number in (200, 500, 1000, 2000):
        found = [promoted(0.0, number, Gate(), nights, noise=noise) for noise in NOISES]
        rows.append([f"{number:,}", *(share(one, nights) for one in found)])
    told = [f"{deviation(noise):.2f}" for noise in NOISES]
    head = ["lists", *(f"differences of a list deviate by {one}" for one in told)]
    return table("Nights that promote a candidate which is equal", head, rows)


def slices(nights: int) -> str:
    """With several slices: equal candidates, and such with one slice worse by the slice margin."""
    rows = []
    for parts in (1, 4, 10):
        limits = Gate(slices=("part",), slice_margin=-truth(0.15, 0.2))
        equal = promoted(0.0, 2000, limits, nights, noise=0.2, parts=parts)
        bad = promoted(0.15, 2000, limits, nights, noise=0.2, parts=parts, only_first=True)
        rows.append([f"{parts}", share(equal, nights), share(bad, nights)])
    head = [
        "slices of 2,000 lists, equally large",
        "all equal the champion",
        "one worse by the slice margin",
    ]
    return table("Nights that promote, with slices", head, rows)


def ndcg(
    number: int, rng: np.random.Generator, handicap: float | Floats, noise: float = 0.4
) -> tuple[Floats, Floats]:
    """NDCG per list of a candidate whose relevant documents score too low, and of a champion."""
    others, relevant = rng.normal(size=(number, 9)), rng.normal(1.2, 1, number)

    def ranked(down: float | Floats) -> Floats:
        ours = relevant - down + rng.normal(0, noise, number)
        above = (others + rng.normal(0, noise, (number, 9)) > ours[:, None]).sum(axis=1)
        values: Floats = 1 / np.log2(2 + above)
        return values

    return ranked(handicap), ranked(0.0)


def truth(handicap: float, noise: float = 0.4, number: int = MANY // 4) -> float:
    """The true mean difference."""
    ours, theirs = ndcg(number, np.random.default_rng(11), handicap, noise)
    return float((ours - theirs).mean())


def deviation(noise: float) -> float:
    """Standard deviation of the difference of one list between equal rankers."""
    ours, theirs = ndcg(MANY // 10, np.random.default_rng(12), 0.0, noise)
    return float((ours - theirs).std())


def promoted(
    handicap: float,
    number: int,
    limits: Gate,
    nights: int,
    *,
    noise: float = 0.4,
    parts: int = 1,
    only_first: bool = False,
) -> int:
    """In how many nights the candidate is promoted.

    With ``only_first`` the handicap is that of the first part, and the others gain as much.
    """
    rng, part = np.random.default_rng(7), np.arange(number) % parts
    signs: float | Floats = np.where(part == 0, handicap, -handicap) if only_first else handicap
    words = [str(one) for one in part]
    wins = 0
    for _ in range(nights):
        ours, theirs = ndcg(number, rng, signs, noise)
        candidate, champion = (
            Ranked(name=name, values=values, documents=10 * number, orderable=number)
            for name, values in {"candidate": ours, "champion": theirs}.items()
        )
        night = Evidence(
            metric="ndcg@10", candidate=candidate, champion=champion, slices={"part": words}
        )
        wins += judge(night, limits).promote
    return wins


def share(wins: int, nights: int) -> str:
    """A share of the nights in percent."""
    return f"{100 * wins / nights:.1f} %"


if __name__ == "__main__":
    main()
