"""Speed of reading, of the tables and of a whole training, each against its peer in the same run.

``python -m benchmarks.training`` prints the tables; ``--write`` also puts them into the docs. Times
are medians over turns that alternate between all rows of a table, so that a busy machine slows all.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from benchmarks.made_lists import flat_batch, make_lists, padded
from benchmarks.markdown import ms, table
from benchmarks.plain_training import (
    ArrowLists,
    MemoryLists,
    PlainRanker,
    PlainTrainer,
    PythonLists,
    forever,
    loader,
    padded_batch,
    ragged_batch,
    sampled_cross_entropy,
    softmax_cross_entropy,
)
from ltr.data.batcher import TrainingBatches
from ltr.data.manifest import Feature, Manifest
from ltr.data.reader import Lists
from ltr.data.seeds import generator
from ltr.recipe import LossConfig, Recipe, TowersConfig
from ltr.towers import make_ranker, process_group
from ltr.training import EpochRecord, Start, StepRecord, train
from ltr.training.objective import Objective
from ltr.training.trainer import Trainer
from pipelines.config import load_job

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks" / "training.md"
JOB = ROOT / "sample_data" / "job.toml"
LTR = "import sys; from pipelines.entry import main; sys.exit(main())"
TURN_S = 0.3
LISTS = 200
CPU = torch.device("cpu")
ROWS = (100_000, 1_000_000, 5_000_000)
PEER_ROWS = 1_000_000
TABLES, LOOKUPS, DOCUMENTS_PER_LIST = 8, 8_192, 32


def main() -> None:
    """Print every table; with ``--write`` also into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} in the docs")
    parser.add_argument("--threads", type=int, default=1, help="of arithmetic, on both sides")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    page = [HEAD.format(cores=os.cpu_count(), torch=torch.__version__, threads=given.threads)]
    with tempfile.TemporaryDirectory() as folder:
        for make in (reading, tables, end_to_end):
            page.append(make(Path(folder) / make.__name__))
            print(page[-1], flush=True)
    page.append(f"Load of the machine at the end: {os.getloadavg()[1]:.1f} processes.\n")
    if given.write:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text("\n".join(page))


HEAD = """# Speed of training

Written by `python -m benchmarks.training --write`. {cores} cores, torch {torch},
arithmetic by {threads} thread on both sides. Medians over turns that alternate between the rows
of a table; a turn warms up first. Processor time is that of all threads of this process. The
DataLoaders have no worker processes.
"""


@dataclass(kw_only=True, slots=True)
class Side:
    """One row of a table: what does some work, and what each turn of it took."""

    name: str
    measure: Callable[[], "Took"]
    turns: list["Took"] = field(default_factory=list)

    @property
    def wall(self) -> float:
        """Median seconds of a unit of work."""
        return statistics.median(turn.wall / turn.done for turn in self.turns)

    @property
    def processor(self) -> float:
        """Median processor seconds of a unit of work."""
        return statistics.median(turn.processor / turn.done for turn in self.turns)

    @property
    def waited(self) -> float:
        """Median share of the time in which the model waited for a batch."""
        return statistics.median(turn.waited / turn.wall for turn in self.turns)


@dataclass(slots=True)
class Took:
    """How much was done, e.g. in documents, and the seconds that it took."""

    done: int = 0
    wall: float = 0.0
    processor: float = 0.0
    waited: float = 0.0


def take_turns(sides: list[Side], turns: int) -> None:
    """Let all work in turn."""
    for _ in range(turns):
        for side in sides:
            side.turns.append(side.measure())


def repeated(work: Callable[[], int]) -> Callable[[], Took]:
    """Measure by doing it for ``TURN_S``, after once to warm up."""

    def measure() -> Took:
        work()
        wall, processor, done = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - wall < TURN_S:
            done += work()
        return Took(done, time.perf_counter() - wall, time.process_time() - processor)

    return measure


def reading(folder: Path) -> str:
    """Shuffled batches from disk, on one core."""
    features = make_lists(folder)
    batches = TrainingBatches(Lists(folder, "train"), size=LISTS, seed=0)
    ours = (batch for epoch in range(1_000_000) for batch in batches.epoch(epoch))
    sides = [Side(name="`TrainingBatches`", measure=repeated(lambda: sum_of(ours, 20)))]
    for dataset, name in DATASETS.items():
        plain = forever(loader(dataset(folder, features), ragged_batch(features), size=LISTS))
        sides.append(Side(name=name, measure=repeated(partial(sum_of, plain, 1))))
    take_turns(sides, turns=7)
    return rates(f"Batches of {LISTS} lists x {len(features)} columns from disk, one core", sides)


DATASETS: dict[Callable[..., Any], str] = {
    PythonLists: "DataLoader, rows of Arrow as Python objects",
    ArrowLists: "DataLoader, rows of Arrow as tensors",
    MemoryLists: "DataLoader, all columns in memory, rows as slices",
}


def sum_of(batches: Iterator[Any], number: int) -> int:
    """Documents of the next batches."""
    return sum(len(batch.grades) for batch in islice(batches, number))


def tables(_: Path) -> str:
    """A step with large tables, of which few rows are used."""
    with process_group(CPU):
        sides = [
            Side(name=f"ours, {rows:,} rows", measure=repeated(our_step(rows))) for rows in ROWS
        ]
        plain = Side(
            name=f"nn.EmbeddingBag + Adagrad, {PEER_ROWS:,} rows", measure=repeated(plain_step())
        )
        take_turns([*sides, plain], turns=5)
    by_rows = dict(zip(ROWS, sides, strict=True))
    lines = [
        [one.name, ms(one.wall), ms(one.processor), *ratios(one, base)]
        for one, base in [(one, sides[0]) for one in sides] + [(plain, by_rows[PEER_ROWS])]
    ]
    title = f"A step with {TABLES} tables, {LOOKUPS:,} lookups each, one thread"
    note = (
        "A ratio is a row's time through ours at 100,000 rows; the peer's, through ours at as many "
        "rows.\n"
    )
    head = ["", "wall", "processor", "ratio of wall", "ratio of processor"]
    return table(title, head, lines) + "\n" + note


def our_step(rows: int) -> Callable[[], int]:
    """Steps over batches that were made before."""
    features, recipe = table_features(rows), table_recipe()
    objective = Objective.of(recipe.loss)
    trainer = Trainer(make_ranker(features, recipe.towers, seed=0), objective, recipe, CPU)
    batches = [flat_batch(features, LOOKUPS, DOCUMENTS_PER_LIST, seed) for seed in range(8)]
    endless, chance = (batches[i % 8] for i in range(10**9)), generator(0)

    def step() -> int:
        float(trainer.step(next(endless), chance).total)
        return 1

    return step


def plain_step() -> Callable[[], int]:
    """The same steps by torch alone."""
    features, recipe = table_features(PEER_ROWS), table_recipe()
    model = PlainRanker(features, recipe.towers, sparse=True)
    trainer = PlainTrainer(model, softmax_cross_entropy, recipe)
    flat = [flat_batch(features, LOOKUPS, DOCUMENTS_PER_LIST, seed) for seed in range(8)]
    batches = [padded(batch, features, DOCUMENTS_PER_LIST) for batch in flat]
    endless = (batches[i % 8] for i in range(10**9))

    def step() -> int:
        trainer.step(next(endless))
        return 1

    return step


def table_features(rows: int) -> tuple[Feature, ...]:
    """Ids of the document."""
    return tuple(
        Feature(side="document", name=f"id_{number}", kind="id", size=rows)
        for number in range(TABLES)
    )


def table_recipe() -> Recipe:
    """Lists of documents by a softmax loss."""
    towers = TowersConfig(embedding_dim=16, query=(32,), document=(32,), scorer=())
    return Recipe(towers=towers, loss=LossConfig(name="softmax_cross_entropy"))


def end_to_end(folder: Path) -> str:
    """The sample job's training, with its own batches and with larger ones."""
    command = [sys.executable, "-c", LTR, "prepare", str(JOB), "--out", str(folder)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)  # noqa: S603 - our own words
    recipe = load_job(JOB).recipe
    larger = recipe.training.model_copy(update={"lists_per_batch": LISTS})
    recipes = [recipe, recipe.model_copy(update={"training": larger})]
    return "\n".join(trainings(folder / "lists", one) for one in recipes)


def trainings(lists: Path, recipe: Recipe) -> str:
    """Ours, and the same model by torch alone over each kind of dataset."""
    ours = Side(
        name="ours, one thread reads ahead",
        measure=partial(our_training, lists, lists.parent / "model", recipe),
    )
    plain = [
        Side(name=name, measure=repeated(plain_training(dataset, lists, recipe)))
        for dataset, name in DATASETS.items()
    ]
    take_turns(sides := [ours, *plain], turns=5)
    size = recipe.training.lists_per_batch
    text = rates(f"The sample job's model, {size} lists a step, documents learned from", sides)
    return f"{text}\nOur model waited for its batches {100 * ours.waited:.1f} % of the time.\n"


def our_training(lists: Path, out: Path, recipe: Recipe) -> Took:
    """The second and third epoch of a training as `ltr train` does it, without validation."""
    training = recipe.training.model_copy(update={"epochs": 3, "patience": 3})
    watch = Watch()
    train(lists, out, recipe.model_copy(update={"training": training}), watch)
    return watch.took


class Watch:
    """Adds up what the steps of a training took."""

    def __init__(self) -> None:
        self.took = Took()
        self._processor = 0.0

    def start(self, start: Start) -> None:
        """Nothing has been done yet."""

    def batch(self, record: StepRecord) -> None:
        """Count a step; those of the first epoch warm up."""
        before, self._processor = self._processor, time.process_time()
        if record.epoch > 1:
            self.took.done += record.documents
            self.took.wall += record.seconds
            self.took.processor += self._processor - before
            self.took.waited += record.waited

    def epoch(self, _: EpochRecord) -> None:
        """Leave out the validation."""
        self._processor = time.process_time()


def plain_training(dataset: Callable[..., Any], lists: Path, recipe: Recipe) -> Callable[[], int]:
    """Steps of the same model by torch alone."""
    features = Manifest.load(lists).features
    num_neg = recipe.loss.arguments["num_neg"]
    assert isinstance(num_neg, int)
    trainer = PlainTrainer(
        PlainRanker(features, recipe.towers, sparse=False),
        partial(sampled_cross_entropy, num_neg=num_neg),
        recipe,
    )
    size = recipe.training.lists_per_batch
    batches = forever(loader(dataset(lists, features), padded_batch(features), size=size))

    def steps() -> int:
        documents = 0
        for batch in islice(batches, 5):
            trainer.step(batch)
            documents += int(batch["mask"].sum())
        return documents

    return steps


def rates(title: str, sides: list[Side]) -> str:
    """Documents a second of each, and ours through a peer's."""
    ours = min(sides, key=lambda side: side.wall)
    lines = [
        [
            side.name,
            f"{1 / side.wall:,.0f}",
            f"{1 / side.processor:,.0f}",
            f"{side.wall / ours.wall:.1f} x",
            f"{side.processor / ours.processor:.1f} x",
        ]
        for side in sides
    ]
    head = ["", "documents/s", "documents/s of processor time", "ratio", "ratio of processor time"]
    return table(title, head, lines)


def ratios(side: Side, base: Side) -> list[str]:
    """Times through another's."""
    return [f"{side.wall / base.wall:.2f} x", f"{side.processor / base.processor:.2f} x"]


if __name__ == "__main__":
    main()
