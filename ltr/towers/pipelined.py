"""Steps through torchrec's pipeline: the next batches travel while one is learned from.

::

    batch i + 2    is copied to the device
    batch i + 1    its ids are sent to the ranks that hold their rows
    batch i        forward, loss, backward, update

What a step computes is what it computes without: a batch's rows are looked up after the update of
the batch before it.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torchrec.distributed import DistributedModelParallel
from torchrec.distributed.train_pipeline import TrainPipelineSparseDist
from torchrec.streamable import Pipelineable

from ltr.data.batch import RankingBatch
from ltr.towers.ranker import Ranker

# It asks for the type, not only for the methods.
Pipelineable.register(RankingBatch)

SWITCH = "LTR_PIPELINE"
"""Of the environment: "off" trains without a pipeline, "on" with one also on a CPU."""

Forward = Callable[[RankingBatch], Tensor]
"""Takes a batch on the device and gives what its backward pass begins with; []."""


def is_wanted(ranker: nn.Module, device: torch.device) -> bool:
    """Whether to train through the pipeline: on a GPU, unless the environment says otherwise.

    A model that is plugged in goes without: the pipeline has to follow the ids through it.
    """
    said = os.environ.get(SWITCH, "on" if device.type == "cuda" else "off")
    return said == "on" and isinstance(ranker, Ranker)


class Pipelined:
    """Takes the steps of a training through torchrec's pipeline.

    Args:
        model: What learns, wrapped for training.
        device: Where it is.
        forward: The loss of the batch that a step is for.
        update: What follows its backward pass.
    """

    def __init__(
        self,
        model: DistributedModelParallel,
        device: torch.device,
        forward: Forward,
        update: Callable[[], None],
    ) -> None:
        # It tells of every batch, and how each table is looked up.
        logging.getLogger("torchrec.distributed.train_pipeline").setLevel(logging.ERROR)
        self.waited = 0.0
        """Seconds that steps have waited for batches so far."""
        self._pin = device.type == "cuda"
        self._pipeline: TrainPipelineSparseDist[RankingBatch, None] = TrainPipelineSparseDist(
            model, _Updates(update), device, custom_model_fwd=lambda batch: (forward(batch), None)
        )
        self._batches: Iterator[RankingBatch] | None = None

    def feed(self, batches: Iterator[RankingBatch]) -> None:
        """Say which batches come next; the steps for those before must all have been taken."""
        self._batches = self._timed(batches)

    @property
    def is_fed(self) -> bool:
        """Whether there is anything to take steps for."""
        return self._batches is not None

    def step(self) -> None:
        """Learn from the next of the batches that were fed."""
        self._pipeline.progress(self._batches)

    def let_go(self) -> None:
        """Give the model back as it was, e.g. to score with it; the next step takes it again."""
        self._pipeline.detach()

    def _timed(self, batches: Iterator[RankingBatch]) -> Iterator[RankingBatch]:
        while True:
            began = time.perf_counter()
            batch = next(batches, None)
            self.waited += time.perf_counter() - began
            if batch is None:
                return
            yield batch.pin_memory() if self._pin else batch


class _Updates:
    """Stands where the pipeline wants an optimizer."""

    def __init__(self, update: Callable[[], None]) -> None:
        self.step = update

    def zero_grad(self) -> None:
        """Nothing: gradients of accumulated batches are to stay."""
