"""Run contestants on a set of lists, keep what they scored, and choose among them on validation."""

import hashlib
import json
import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.quality_data import Cut
from benchmarks.quality_rankers import Contestant, fit, per_list, together
from ltr.data.reader import Lists
from ltr.metrics import Blank

Choice = Callable[[int], Sequence[Contestant]]
"""The contestants whose models are averaged where a fold is tested."""


@dataclass(frozen=True)
class Task:
    """One training."""

    contestant: Contestant
    cut: Cut
    seed: int
    work: Path

    @property
    def file(self) -> Path:
        """Where the outcome is kept, so that a run that was stopped goes on."""
        one = self.contestant
        told = [one.side, one.settings, self.cut.test, self.cut.validation, self.seed]
        name = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:20]
        return self.work / "outcomes" / self.cut.folder.parents[0].name / f"{name}.pt"

    def run(self) -> None:
        """Train, unless that was done, and keep the scores."""
        if self.file.exists():
            return
        warnings.filterwarnings("ignore")
        validation, test = fit(self.contestant, self.cut.folder, self.seed)
        value = per_list(validation, Lists(self.cut.folder, "validation")).nanmean()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        part = self.file.with_suffix(f".{os.getpid()}")
        torch.save({"validation": value, "test": test}, part)
        part.rename(self.file)


@dataclass(frozen=True)
class Outcomes:
    """All trainings of one set."""

    cuts: Sequence[Cut]
    seeds: int
    blank: Blank
    work: Path

    def tasks(self, contestant: Contestant, cuts: Sequence[Cut], seeds: int) -> list[Task]:
        """The trainings of a contestant; each of a cut has a seed of its own."""
        first = {cut: number for number, cut in enumerate(self.cuts)}
        return [
            Task(contestant, cut, first[cut] + turn * len(self.cuts), self.work)
            for cut in cuts
            for turn in range(seeds)
        ]

    def contest(self, contestant: Contestant) -> list[Task]:
        """The trainings of a contestant that may be chosen: all cuts, all seeds."""
        return self.tasks(contestant, self.cuts, self.seeds)

    def glance(self, contestant: Contestant) -> list[Task]:
        """The trainings of a row in the table of losses: each fold is tested once, by one model."""
        firsts = {cut.test: cut for cut in reversed(self.cuts)}
        return self.tasks(contestant, [firsts[test] for test in sorted(firsts)], 1)

    def folds(self) -> list[int]:
        """The folds that are tested."""
        return sorted({cut.test for cut in self.cuts})

    def chosen(self, contestants: Iterable[Contestant], fold: int) -> Contestant:
        """The best by its validation where this fold is tested: no test list has a say."""
        return max(contestants, key=lambda one: self.validation(self._of(one, fold)))

    def _of(self, contestant: Contestant, fold: int) -> list[Task]:
        return [task for task in self.contest(contestant) if task.cut.test == fold]

    def validation(self, tasks: Sequence[Task]) -> float:
        """Mean validation NDCG@10 of single models."""
        values = [float(torch.load(task.file)["validation"]) for task in tasks]
        return sum(values) / len(values)

    def single(self, tasks: Sequence[Task]) -> float:
        """Mean test NDCG@10 of single models."""
        values = [self._values(task.cut, torch.load(task.file)["test"]) for task in tasks]
        return float(torch.cat(values).nanmean())

    def averaged(self, choose: Choice) -> Tensor:
        """NDCG@10 of every test list by the averaged scores of all models of a fold; [lists]."""
        values = []
        for fold in self.folds():
            tasks = [task for one in choose(fold) for task in self._of(one, fold)]
            values.append(self.of_tasks(tasks))
        return torch.cat(values)

    def of_tasks(self, tasks: Sequence[Task]) -> Tensor:
        """The same of one fold's tasks."""
        cut = tasks[0].cut
        scores = [torch.load(task.file)["test"] for task in tasks]
        return self._values(cut, together(scores, Lists(cut.folder, "test").lengths))

    def _values(self, cut: Cut, scores: Tensor) -> Tensor:
        values = per_list(scores, Lists(cut.folder, "test"))
        return values.nan_to_num(0) if self.blank == "zero" else values


def run_all(tasks: Iterable[Task], processes: int) -> None:
    """Run what was not run before."""
    left = list({task.file: task for task in tasks if not task.file.exists()}.values())
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for number, file in enumerate(pool.imap_unordered(_run, left), start=1):
            print(f"{number:,} of {len(left):,} trainings: {file.parent.name}", flush=True)


def _run(task: Task) -> Path:
    task.run()
    return task.file
