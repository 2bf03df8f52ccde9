"""The night that is to be spoilt, and how it ends if nobody does."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pipelines.nightly.outcome import Exit
from tests.faults.forked import Ran, Spoil, forked, spoilt_night
from tests.faults.world import begin, copy, done, end, left_behind, wrong_now

Change = Callable[[], None]
Trial = dict[str, Any]
"""``at``: when; ``wrong``: what was; ``code``: of the spoilt night; ``said``: its errors."""


class Nights:
    """The shop before the night, and how the night ends if nobody spoils it."""

    def __init__(self, folder: Path) -> None:
        self.base, self.here = folder / "base", folder / "here"
        ran = forked(lambda: begin(self.base))
        assert ran.code == Exit.PROMOTED, ran.said
        self.whole = spoilt_night(copy(self.base, self.here))
        assert self.whole.code == Exit.PROMOTED, self.whole.said
        self.end = end(self.here)

    def trial(
        self,
        at: str,
        codes: Iterable[int],
        spoil: Spoil | None = None,
        *,
        prepare: Change | None = None,
        mend: Change | None = None,
        **how: Any,
    ) -> Trial:
        """Spoil the night, look, run it again, look again.

        Args:
            at: When or where it is spoilt, in words.
            codes: That the spoilt night may end with.
            spoil: Is called in the process of the night.
            prepare: Is called before it, here.
            mend: Is called before the rerun.
            how: Of `forked`.
        """
        copy(self.base, self.here)
        if prepare:
            prepare()
        first = spoilt_night(self.here, spoil, **how)
        wrong = [] if first.code in codes else [f"it ended with {first.code}: {first.said[-2000:]}"]
        wrong += [f"then: {one}" for one in wrong_now(self.here)]
        before = done(self.here)
        if mend:
            mend()
        again = spoilt_night(self.here)
        wrong += [f"after the rerun: {one}" for one in self.wrong_end(before, again)]
        return {"at": at, "code": first.code, "wrong": wrong, "said": _lines(first, again)}

    def wrong_end(self, before: set[str], again: Ran) -> Iterator[str]:
        """What is not as it is after a night that nobody spoils."""
        if again.code != self.whole.code:
            yield f"it ended with {again.code}: {again.said[-2000:]}"
            return
        yield from wrong_now(self.here)
        yield from (f"{step} was done twice" for step in sorted(before & again.begun))
        found = end(self.here)
        yield from (f"{name} is another one" for name in found if found[name] != self.end[name])
        yield from (f"{path} was left behind" for path in left_behind(self.here))


def _lines(*runs: Ran) -> list[str]:
    kinds = ("ltr: error", "going on", "Traceback")
    return [line for ran in runs for line in ran.said.splitlines() if any(k in line for k in kinds)]
