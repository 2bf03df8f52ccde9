"""Speed and memory of the losses, each against its peer in the same run.

``python -m benchmarks.losses`` prints the tables; ``--write`` also puts them into the docs. Times
are of forward and backward together: medians over turns that alternate with the peer's, so that a
busy machine slows both.
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import plain_listwise, plain_losses
from benchmarks.markdown import ms, table
from ltr import losses
from ltr.losses import graded_hinge

PLAIN = plain_losses.PLAIN | plain_listwise.PLAIN
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "losses.md"
THREADS = 2
GRADES = 5
PAIRWISE = ("graded_hinge", "ranknet", "bpr", "lambda_loss")
SOFTMAX = ("softmax_cross_entropy", "poly1_softmax", "calibrated_softmax", "xe_ndcg", "list_net")


def main() -> None:
    """Print every table; with ``--write`` also into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} in the docs")
    write = parser.parse_args().write
    torch.set_num_threads(THREADS)
    page = [HEAD.format(cores=os.cpu_count(), torch=torch.__version__, threads=THREADS)]
    for make in (against_all_pairs, against_a_sort, growth, memory, against_plain, ragged, imports):
        page.append(make())
        print(page[-1], flush=True)
    if write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text("\n".join(page))


HEAD = """# Speed and memory of the losses

Written by `python -m benchmarks.losses --write`. {cores} cores, torch {torch}, {threads} threads.
Forward and backward together; medians over turns that alternate between both sides of a
row; a turn is one call to warm up, then calls for about 20 ms.
"""


def against_all_pairs() -> str:
    """Graded hinge against the form that builds all pairs."""
    rows = []
    for docs in (1_000, 4_096, 8_192):
        scores, labels = one_list(docs)
        peer, ours = medians(
            lambda: step(all_pairs, scores, labels.float()),  # noqa: B023 - called at once
            lambda: step(graded_hinge, scores, labels),  # noqa: B023
            turns=10,
        )
        rows.append([f"{docs:,}", ms(peer), ms(ours), f"{peer / ours:.0f} x"])
    head = ["documents", "N x N", "`graded_hinge`", "faster by"]
    return table(f"Graded hinge of one list, {GRADES} grades, against N x N", head, rows)


def against_a_sort() -> str:
    """Graded hinge of a million documents, as one list and as 10,000, against a sort of them."""
    scores, labels = one_list(1_000_000)
    cuts = torch.rand(9_999, generator=torch.Generator().manual_seed(1)).mul(1e6).long().sort()
    ends = torch.tensor([0]), torch.tensor([len(scores)])
    lengths = torch.diff(cuts.values, prepend=ends[0], append=ends[1])
    sort, one, many = medians(
        lambda: torch.sort(scores),
        lambda: step(graded_hinge, scores, labels),
        lambda: step(graded_hinge, scores, labels, lengths=lengths),
        turns=15,
    )
    rows = [
        ["one `torch.sort` of the scores", ms(sort), ""],
        ["`graded_hinge` of one list", ms(one), f"{one / sort:.2f} x the sort"],
        ["`graded_hinge` of 10,000 ragged lists", ms(many), f"{many / one:.2f} x one list"],
    ]
    return table("1,000,000 documents", ["", "time", "ratio"], rows)


def growth() -> str:
    """Time per document as a list grows."""
    small, large = one_list(100_000), one_list(1_000_000)
    times = medians(
        lambda: step(graded_hinge, *small), lambda: step(graded_hinge, *large), turns=15
    )
    per_doc = [t / len(x) * 1e9 for t, (x, _) in zip(times, (small, large), strict=True)]
    rows = [[f"{per_doc[0]:.0f} ns", f"{per_doc[1]:.0f} ns", f"{per_doc[1] / per_doc[0]:.2f} x"]]
    head = ["100,000 documents", "1,000,000 documents", "ratio"]
    return table("`graded_hinge`, time per document", head, rows)


def memory() -> str:
    """Peaks above the inputs."""
    rows = [
        [f"`{name}`", f"{docs:,}", f"{rise(name, docs):.0f} MB"]
        for name, docs in (
            ("graded_hinge", 1_000_000),
            ("ranknet", 20_000),
            ("lambda_loss", 20_000),
        )
    ]
    return table("Peak memory above the inputs, one list", ["loss", "documents", "peak"], rows)


def against_plain() -> str:
    """Every loss on padded lists against its plain formula."""
    scores, labels, lengths = lists(256, 100, shortest=50)
    mask = torch.arange(100) < lengths[:, None]
    rows, ratios = [], []
    for name, plain in PLAIN.items():
        loss, arguments = named(name)
        peer, ours = medians(
            lambda: step(plain, scores, labels, mask=mask),  # noqa: B023 - called at once
            lambda: step(loss, scores, labels, mask=mask, **arguments),  # noqa: B023
            turns=25,
        )
        ratios.append(ours / peer)
        rows.append([f"`{name}`", ms(peer), ms(ours), f"{ratios[-1]:.2f} x"])
    rows.append(["geometric mean", "", "", f"{statistics.geometric_mean(ratios):.2f} x"])
    head = ["loss", "plain formula", "ours", "ratio"]
    return table("Padded lists [256, 100], masked, against the plain formula", head, rows)


def ragged() -> str:
    """Ragged lists against the same in rows of which three quarters are padding."""
    scores, labels, lengths = lists(512, 100, shortest=1, longest=49)
    mask = torch.arange(100) < lengths[:, None]
    flat, grades = scores[mask], labels[mask]
    rows = []
    for name in [name for name in (*PAIRWISE, *SOFTMAX) if name in losses.catalogue]:
        loss = named(name)[0]
        padded, ours = medians(
            lambda: step(loss, scores, labels, mask=mask),  # noqa: B023 - called at once
            lambda: step(loss, flat, grades, lengths=lengths),  # noqa: B023
            turns=25,
        )
        rows.append([f"`{name}`", ms(padded), ms(ours), f"{ours / padded:.2f} x"])
    return table("512 lists with 75 % padding", ["loss", "padded", "ragged", "ratio"], rows)


def imports() -> str:
    """Processor time of whole processes that import and end."""
    codes = ("import torch", "import ltr.losses")
    turns = [[process(code) for code in codes] for _ in range(9)]
    peer, ours = (statistics.median(side) for side in zip(*turns, strict=True))
    rows = [[ms(peer), ms(ours), f"{ours / peer:.2f} x"]]
    head = [f"`{code}`" for code in codes]
    return table("Processor time of a process that imports", [*head, "ratio"], rows)


def process(code: str) -> float:
    """Processor seconds of one process of this interpreter."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own words
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def named(name: str) -> tuple[Callable[..., Tensor], dict[str, str]]:
    """A loss and the scheme that its name may end in."""
    function, *scheme = name.split()
    return getattr(losses, function), {"scheme": scheme[0]} if scheme else {}


def rise(name: str, docs: int) -> float:
    """Megabytes by which one step raises the peak of a fresh process that holds the inputs."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_rise, (name, docs))


def _rise(name: str, docs: int) -> float:
    torch.set_num_threads(THREADS)
    loss, (scores, labels) = named(name)[0], one_list(docs)
    step(loss, scores[:100], labels[:100])
    before = _peak_mb()
    step(loss, scores, labels)
    return _peak_mb() - before


def _peak_mb() -> float:
    # Not ru_maxrss: a child process inherits its parent's.
    status = Path("/proc/self/status").read_text().split()
    return int(status[status.index("VmHWM:") + 1]) / 1e3


def all_pairs(scores: Tensor, labels: Tensor) -> Tensor:
    """The formula as it is written, with n x n matrices."""
    weight = (labels[:, None] - labels).clamp(min=0)
    return (weight * (scores - scores[:, None] + 1).relu()).sum() / weight.sum()


def one_list(docs: int) -> tuple[Tensor, Tensor]:
    """Scores and grades of one list."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(docs, generator=generator)
    return scores, torch.randint(0, GRADES, (docs,), generator=generator)


def lists(num: int, width: int, shortest: int, longest: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Scores and grades ``[num, width]`` and lengths."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(num, width, generator=generator)
    labels = torch.randint(0, GRADES, (num, width), generator=generator)
    return (
        scores,
        labels,
        torch.randint(shortest, (longest or width) + 1, (num,), generator=generator),
    )


def step(loss: Callable[..., Tensor], scores: Tensor, *others: Tensor, **tensors: object) -> None:
    """Loss and gradient once."""
    scores = scores.detach().requires_grad_()
    torch.autograd.grad(loss(scores, *others, **tensors), scores)


TURN_S = 0.02
"""A turn repeats calls for so long, so that none is timed in the caches the other left cold."""


def medians(*sides: Callable[[], object], turns: int) -> list[float]:
    """Median time of one call of each in seconds, in alternating turns after one to warm up."""
    calls = [_calls_a_turn(side) for side in sides]
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(turns):
        for side, number, taken in zip(sides, calls, times, strict=True):
            taken.append(_seconds(side, number + 1, skip=1))
    return [statistics.median(taken) for taken in times]


def _calls_a_turn(side: Callable[[], object]) -> int:
    """How many calls fill a turn, after a call to warm up."""
    return max(1, round(TURN_S / _seconds(side, 2, skip=1)))


def _seconds(side: Callable[[], object], calls: int, *, skip: int) -> float:
    """Mean seconds of a call, the first ``skip`` calls left out."""
    for _ in range(skip):
        side()
    start = time.perf_counter()
    for _ in range(calls - skip):
        side()
    return (time.perf_counter() - start) / (calls - skip)


if __name__ == "__main__":
    main()
