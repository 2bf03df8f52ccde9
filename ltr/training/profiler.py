"""Where the time of a training's steps goes."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from torch.profiler import ProfilerActivity, profile, schedule

from ltr.training.checkpoint import EpochRecord
from ltr.training.progress import Start, StepRecord

SKIPPED, STEPS = 5, 10
"""Steps before the profile, in which caches fill, and steps of it."""
ROWS = 25


class Profiler:
    """Profiles some steps of a training, of rank 0; the rest of it runs as ever.

    Writes ``trace.json``, which https://ui.perfetto.dev draws, and ``table.txt``, the operations
    by their own time. Use it with ``with``.

    Args:
        folder: Where to write.

    Example:
        ::

            with Profiler(Path("runs/night/profile")) as profiler:
                train("runs/night/lists", "runs/night/model", recipe, profiler)
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.profile: Any = None
        self.written = False
        """Whether there were enough steps."""

    def start(self, _: Start) -> None:
        """Begin to wait for the steps that are profiled."""
        gpu = [ProfilerActivity.CUDA] if torch.cuda.is_available() else []
        self.profile = profile(
            activities=[ProfilerActivity.CPU, *gpu],
            schedule=schedule(wait=SKIPPED - 2, warmup=2, active=STEPS, repeat=1),
            on_trace_ready=self._write,
        )
        self.profile.start()

    def batch(self, _: StepRecord) -> None:
        """Count a step."""
        self.profile.step()

    def epoch(self, _: EpochRecord) -> None:
        """Do nothing: a validation among the steps is in the profile."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self.profile is not None:
            self.profile.stop()

    def _write(self, made: Any) -> None:  # noqa: ANN401 - a class of torch without types
        self._folder.mkdir(parents=True, exist_ok=True)
        made.export_chrome_trace(str(self._folder / "trace.json"))
        by = "self_cuda_time_total" if torch.cuda.is_available() else "self_cpu_time_total"
        table = made.key_averages().table(sort_by=by, row_limit=ROWS, max_name_column_width=60)
        (self._folder / "table.txt").write_text(table, encoding="utf-8")
        self.written = True
