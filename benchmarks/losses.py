"""Speed and memory of the losses, each against its peer in the same run.

Start as ``python benchmarks/losses.py``. Times are of forward and backward together, the best of
several turns that alternate with the peer's, so that a busy machine slows both.
"""

import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from ltr.losses import graded_hinge

THREADS = 2
GRADES = 5


def main() -> None:
    """Print every table."""
    torch.set_num_threads(THREADS)
    print(f"graded hinge, forward + backward, {GRADES} grades, {THREADS} threads")
    print(f"{'documents':>10} {'all pairs':>12} {'ours':>12} {'ratio':>8}")
    for docs in (1_000, 4_096, 8_192):
        peer, ours = graded_all_pairs(docs)
        print(f"{docs:>10,} {peer * 1e3:>9.1f} ms {ours * 1e3:>9.1f} ms {peer / ours:>6.0f} x")
    print(f"{'documents':>10} {'one sort':>12} {'ours':>12} {'ratio':>8} {'ns/document':>12}")
    for docs in (100_000, 1_000_000):
        peer, ours = graded_sort(docs)
        per_doc = ours / docs * 1e9
        times = f"{peer * 1e3:>9.1f} ms {ours * 1e3:>9.1f} ms"
        print(f"{docs:>10,} {times} {ours / peer:>6.2f} x {per_doc:>12.0f}")
    one, ragged = graded_ragged(1_000_000, 10_000)
    print(f"10,000 ragged lists of 1,000,000 documents: {ragged / one:.2f} x one list")
    print(f"peak memory above the inputs at 1,000,000: {graded_memory(1_000_000):.0f} MB")


def graded_all_pairs(docs: int) -> tuple[float, float]:
    """Seconds of the form that builds all pairs, and of ours."""
    scores, labels = one_list(docs)
    return fastest(
        lambda: step(all_pairs, scores, labels.float()),
        lambda: step(graded_hinge, scores, labels),
        turns=10,
    )


def graded_sort(docs: int) -> tuple[float, float]:
    """Seconds of one sort of the scores, and of the loss."""
    scores, labels = one_list(docs)
    return fastest(lambda: torch.sort(scores), lambda: step(graded_hinge, scores, labels), turns=10)


def graded_ragged(docs: int, lists: int) -> tuple[float, float]:
    """Seconds for one list, and for ragged lists of the same total."""
    scores, labels = one_list(docs)
    cuts = torch.rand(lists - 1).mul(docs).long().sort().values
    lengths = torch.diff(cuts, prepend=torch.tensor([0]), append=torch.tensor([docs]))
    return fastest(
        lambda: step(graded_hinge, scores, labels),
        lambda: step(graded_hinge, scores, labels, lengths=lengths),
        turns=10,
    )


def graded_memory(docs: int) -> float:
    """Megabytes by which one step raises the peak of a fresh process that holds the inputs."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_rise, (docs,))


def _rise(docs: int) -> float:
    torch.set_num_threads(THREADS)
    scores, labels = one_list(docs)
    step(graded_hinge, scores[:100], labels[:100])
    before = _peak_mb()
    step(graded_hinge, scores, labels)
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


def step(loss: Callable[..., Tensor], scores: Tensor, *others: Tensor, **tensors: Tensor) -> None:
    """Loss and gradient once."""
    scores = scores.detach().requires_grad_()
    torch.autograd.grad(loss(scores, *others, **tensors), scores)


def fastest(
    peer: Callable[[], object], ours: Callable[[], object], turns: int
) -> tuple[float, float]:
    """Best time of each in seconds, in alternating turns after one to warm up."""
    best = [float("inf"), float("inf")]
    for turn in range(turns + 1):
        for which, run in enumerate((peer, ours)):
            start = time.perf_counter()
            run()
            if turn:
                best[which] = min(best[which], time.perf_counter() - start)
    return best[0], best[1]


if __name__ == "__main__":
    main()
