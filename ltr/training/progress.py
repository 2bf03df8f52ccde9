"""What a training tells whoever watches it."""

from typing import Protocol

from ltr.training.checkpoint import EpochRecord


class Progress(Protocol):
    """Called as the training goes on; a job draws its bars with it."""

    def start(self, *, num_lists: int, num_left_out: int, num_batches: int) -> None:
        """Called once: lists used, lists left out (fewer than two grades), batches per epoch."""

    def batch(self, epoch: int, batch: int) -> None:
        """Called after each batch; both count from 1."""

    def epoch(self, record: EpochRecord) -> None:
        """Called after each epoch."""


class Silent:
    """Tells nobody."""

    def start(self, *, num_lists: int, num_left_out: int, num_batches: int) -> None:
        """Do nothing."""

    def batch(self, epoch: int, batch: int) -> None:
        """Do nothing."""

    def epoch(self, record: EpochRecord) -> None:
        """Do nothing."""
