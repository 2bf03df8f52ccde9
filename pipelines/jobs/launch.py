"""Start several processes of ``ltr train`` on this machine, and say in one line why they failed."""

import logging
import os
import secrets
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ltr.errors import LtrError

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

_ELASTIC = "torch.distributed.elastic"
AGAIN = "run it again to go on from the last snapshot"


class RankError(LtrError):
    """A process of the training failed, and with it all of them.

    Args:
        text: Which one, and why.
        exit_code: What the command ends with.
    """

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


def launch(arguments: Sequence[str], num_processes: int) -> None:
    """Run ``ltr`` with these arguments in so many processes; they share the cores.

    Raises:
        RankError: One of them failed, or this process was told to stop, and told them.
    """
    from torch.distributed.elastic.multiprocessing import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    # What it has to say of a failure is said below, in a line. Each of its loggers has a level.
    for name in [one for one in logging.root.manager.loggerDict if one.startswith(_ELASTIC)]:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    cores = len(os.sched_getaffinity(0))
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores // num_processes)))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=num_processes,
        run_id=secrets.token_hex(8),
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
    )
    try:
        elastic_launch(config, sys.executable)("-m", "pipelines.entry", *arguments)
    except ChildFailedError as error:
        raise _told(error.failures) from None
    except SignalException as error:
        raise asked_to_stop(signal.Signals(error.sigval)) from None


def asked_to_stop(by: signal.Signals) -> RankError:
    """The processes were told to stop because this one was."""
    return RankError(f"the training was asked to stop by {by.name}; {AGAIN}", 128 + by)


def _told(failures: "dict[int, ProcessFailure]") -> RankError:
    return first_cause({rank: Failure.of(failure) for rank, failure in failures.items()})


class Failure(NamedTuple):
    """How a process of a training ended that should not have."""

    text: str
    """What follows "rank 1"."""
    exit_code: int
    is_consequence: bool
    """Whether the process only noticed that another one was gone, or was ended for that."""

    @classmethod
    def of(cls, failure: "ProcessFailure") -> "Failure":
        """Read what the launcher knows of a process."""
        said = failure.error_file_data.get("message")
        if isinstance(said, dict):
            kind = said["extraInfo"].get("kind")
            text = f"stopped: {said['message']}"
            return cls(text, failure.exitcode, is_consequence=kind == "LostRankError")
        if failure.exitcode < 0:
            number = signal.Signals(-failure.exitcode)
            why = " (out of memory?)" if number == signal.SIGKILL else ""
            text = f"was killed by {number.name}{why}; {AGAIN}"
            return cls(text, 1, is_consequence=number == signal.SIGTERM)
        text = f"ended with exit code {failure.exitcode} without a word; {AGAIN}"
        return cls(text, 1, is_consequence=False)


def first_cause(failures: Mapping[int, Failure]) -> RankError:
    """The failure that began it, of all that are known, by rank."""
    causes = {rank: one for rank, one in failures.items() if not one.is_consequence} or failures
    rank, cause = next(iter(causes.items()))
    return RankError(f"rank {rank} {cause.text}", cause.exit_code)
