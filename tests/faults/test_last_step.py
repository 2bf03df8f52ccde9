"""A night that fails, or is stopped, while it writes how it ended."""

import errno

import pytest

from pipelines import night_report
from pipelines.nightly.outcome import Exit
from pipelines.nightly.stop import StoppedError
from tests.faults.world import CHANGES, SPOILT, wrong_now
from tests.nightly.small import night, outcome


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), Exit.BAD_INPUT),
        (StoppedError("stopped"), Exit.STOPPED),
    ],
)
def test_a_night_whose_page_could_not_be_written_writes_it_later(here, monkeypatch, error, code):
    def fails(*_args):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(night_report, "write_night", fails)
        assert night(here, SPOILT, **CHANGES) == code
    assert outcome(here, SPOILT).status in ("failed", "stopped")
    assert not wrong_now(here)
    assert night(here, SPOILT, **CHANGES) == Exit.PROMOTED
    assert outcome(here, SPOILT).status == "promoted"
    assert not wrong_now(here)
