"""Speed of NDCG@10 with exponential gain, against padded top-k in torch and a numpy lexsort.

Start as ``python benchmarks/metrics.py``; with ``--write`` the table goes to
``docs/benchmarks/metrics.md``. All sides start from the same ragged columns and end with the mean,
in alternating turns of one process on one thread. The best turn counts, in seconds of CPU: waiting
for a busy machine's cores is no part of it.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ltr.metrics import ndcg

LISTS, DOCS, K, GRADES, TURNS = 20_000, 800_000, 10, 5, 15
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks" / "metrics.md"
HEAD = f"""# Metrics, measured

NDCG@{K} with exponential gain of {DOCS:,} documents in {LISTS:,} ragged lists, float32 scores and
int64 grades in, the mean out, padding built within the time; seconds of CPU on one thread. The
peers average no ties and check nothing; ours does both. "Times" is the faster peer's time over
ours. Written by `python benchmarks/metrics.py --write`.

| lists | padded top-k in torch | numpy lexsort | ours | times |
|---|---|---|---|---|
"""

Columns = tuple[Tensor, Tensor, Tensor]


def main() -> None:
    """Print the table, and write it where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    write = parser.parse_args().write
    torch.set_num_threads(1)
    rows = []
    for name, columns in {
        "20 to 60 documents": uniform(),
        "1 to several hundred": skewed(),
        "20 to 60, scores of 50 values": tied(),
    }.items():
        rows.append(row(name, columns))
        print(rows[-1])
    if write:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(HEAD + "\n".join(rows) + "\n")


def row(name: str, columns: Columns) -> str:
    """Time all sides and check that they agree."""
    arrays = [column.numpy() for column in columns]
    sides: list[Callable[[], float]] = [
        lambda: padded_topk(*columns),
        lambda: lexsort(*arrays),
        lambda: ours(*columns),
    ]
    values = [side() for side in sides]
    # Tied scores are ordered somehow by the peers, and averaged by us.
    assert max(values) - min(values) < 1e-2, values
    best = fastest(sides)
    shown = " | ".join(f"{seconds * 1e3:.0f} ms" for seconds in best)
    return f"| {name} | {shown} | {min(best[:2]) / best[2]:.2f} |"


def ours(scores: Tensor, labels: Tensor, lengths: Tensor) -> float:
    """The metric."""
    return float(ndcg(scores, labels, k=K, lengths=lengths))


def padded_topk(scores: Tensor, labels: Tensor, lengths: Tensor) -> float:
    """The usual form in torch, with the fastest way found to build the padding."""
    real = torch.arange(int(lengths.max())) < lengths[:, None]
    padded = scores.new_full(real.shape, -torch.inf).masked_scatter_(real, scores)
    gain = labels.double().exp2() - 1
    gains = gain.new_zeros(real.shape).masked_scatter_(real, gain)
    k = min(K, real.shape[1])
    discounts = 1 / torch.log2(torch.arange(k, dtype=torch.float64) + 2)
    reached = (gains.gather(1, padded.topk(k).indices) * discounts).sum(1)
    best = (gains.topk(k).values * discounts).sum(1)
    return float((reached / best).nanmean())


def lexsort(
    scores: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> float:
    """The usual form in numpy: sort by list, then by score."""
    lists = np.repeat(np.arange(len(lengths)), lengths)
    rank = np.arange(len(scores)) - np.repeat(lengths.cumsum() - lengths, lengths)
    discount = np.where(rank < K, 1 / np.log2(rank + 2), 0.0)
    gains = np.exp2(labels) - 1
    reached, best = (
        np.bincount(lists, gains[np.lexsort((-key, lists))] * discount, len(lengths))
        for key in (scores, gains)
    )
    return float((reached[best > 0] / best[best > 0]).mean())


def uniform() -> Columns:
    """Lists of similar length."""
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(20, 61, (LISTS,), generator=generator)
    # The last lists take up what is missing or too much.
    wrong = DOCS - int(lengths.sum())
    lengths[: abs(wrong)] += 1 if wrong > 0 else -1
    return documents(lengths, generator)


def skewed() -> Columns:
    """Lists cut at random: lengths spread exponentially."""
    generator = torch.Generator().manual_seed(1)
    cuts = torch.randint(1, DOCS, (LISTS - 1,), generator=generator).sort().values
    ends = torch.tensor([DOCS])
    return documents(torch.diff(cuts, prepend=torch.tensor([0]), append=ends), generator)


def tied() -> Columns:
    """Lists of similar length where most have ties among the first."""
    scores, labels, lengths = uniform()
    return (scores * 12).round() / 12, labels, lengths


def documents(lengths: Tensor, generator: torch.Generator) -> Columns:
    """Scores and grades for such lists."""
    docs = int(lengths.sum())
    scores = torch.randn(docs, generator=generator)
    return scores, torch.randint(0, GRADES, (docs,), generator=generator), lengths


def fastest(sides: list[Callable[[], float]]) -> list[float]:
    """Best time of each in seconds."""
    best = [float("inf")] * len(sides)
    for _ in range(TURNS):
        for number, side in enumerate(sides):
            start = time.process_time()
            side()
            best[number] = min(best[number], time.process_time() - start)
    return best


if __name__ == "__main__":
    main()
