"""Metrics of the last night as a file that node_exporter's textfile collector reads.

The names follow Prometheus' conventions: base units, ``_total`` on what is counted up. Every series
has the label ``pipeline``, because the collector refuses a series that two files hold. What is
counted over nights, and the time of the last good one, are carried on from the file before.
"""

import datetime
import logging
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

from pipelines.nightly.outcome import Outcome, Status
from pipelines.telemetry._secrets import redact

if TYPE_CHECKING:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

GOOD = ("promoted", "kept")
"""Ends of a night that did its work."""

log = logging.getLogger("ltr.telemetry")


def write_textfile(
    path: str | os.PathLike[str],
    outcome: Outcome,
    *,
    pipeline: str | None = None,
    now: float | None = None,
) -> bool:
    """Write the metrics of a night, by one rename; a failure is warned of, and nothing else.

    Args:
        path: Ends in ``.prom``; folders above it are made.
        outcome: How the night ended.
        pipeline: The label that tells one job's series from another's; None: the file's name.
        now: Seconds since 1970; None: the clock's.

    Returns:
        Whether it was written.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "search.prom"
        >>> night = Outcome(date=datetime.date(2026, 11, 21), status="kept", exit_code=10)
        >>> write_textfile(file, night)
        True
        >>> [line for line in file.read_text().splitlines() if "exit_code{" in line]
        ['ltr_night_exit_code{pipeline="search"} 10.0']
    """
    from prometheus_client import write_to_textfile

    file = Path(path)
    name = pipeline or file.stem
    moment = time.time() if now is None else now
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        night = _Night(outcome, name, _Before.read(file, name).then(outcome, moment), moment)
        write_to_textfile(str(file), night)
    except Exception as error:  # metrics are no reason for a night to fail
        log.warning("notify.textfile: %s is not written: %s", file, error)
        return False
    return True


class _Before(NamedTuple):
    """What is carried on from night to night."""

    nights: dict[str, float]
    """Nights by how they ended."""
    last_good: float | None = None
    date: float | None = None
    status: str | None = None

    @classmethod
    def read(cls, file: Path, pipeline: str) -> "_Before":
        """What the last night left; where nothing can be read, counting begins anew."""
        if not file.exists():
            return cls({})
        try:
            return cls._of(dict(_samples(file, pipeline)))
        except Exception as error:  # whatever somebody put there, it is written anew
            log.warning("notify.textfile: %s is not understood; counts begin at 0: %s", file, error)
            return cls({})

    @classmethod
    def _of(cls, held: dict[tuple[str, str], float]) -> "_Before":
        statuses = get_args(Status)
        return cls(
            {one: held.get(("ltr_nights_total", one), 0.0) for one in statuses},
            held.get(("ltr_night_last_success_timestamp_seconds", "")),
            held.get(("ltr_night_date_timestamp_seconds", "")),
            next((one for one in statuses if held.get(("ltr_night_status", one))), None),
        )

    def then(self, outcome: Outcome, now: float) -> "_Before":
        """What is so after this night; one that is told again, as it was, counts once."""
        date = _midnight(outcome.date)
        is_new = (self.date, self.status) != (date, outcome.status)
        counted = self.nights.get(outcome.status, 0.0) + is_new
        last_good = now if outcome.status in GOOD else self.last_good
        nights = {**dict.fromkeys(get_args(Status), 0.0), **self.nights, outcome.status: counted}
        return _Before(nights, last_good, date, outcome.status)


def _samples(file: Path, pipeline: str) -> Iterator[tuple[tuple[str, str], float]]:
    from prometheus_client.parser import text_string_to_metric_families

    for family in text_string_to_metric_families(file.read_text(encoding="utf-8")):
        for sample in family.samples:
            if sample.labels.get("pipeline") == pipeline:
                yield (sample.name, sample.labels.get("status", "")), sample.value


class _Night(NamedTuple):
    """The metrics of a night, as prometheus_client asks for them."""

    outcome: Outcome
    pipeline: str
    so_far: _Before
    now: float

    def collect(self) -> "Iterator[Metric]":
        """Every family of metrics that has a value."""
        yield from self._of_the_run()
        yield from self._of_the_models()
        yield from self._of_the_data()

    def _of_the_run(self) -> "Iterator[Metric]":
        told, last_good = self.outcome, self.so_far.last_good
        statuses = get_args(Status)
        yield self._gauge("last_run_timestamp_seconds", "When the last night ended.", self.now)
        if last_good is not None:
            what = "When a night last ended well, whether or not it promoted."
            yield self._gauge("last_success_timestamp_seconds", what, last_good)
        what = "The last night's date, at 00:00 UTC."
        yield self._gauge("date_timestamp_seconds", what, _midnight(told.date))
        yield self._gauge("exit_code", "Exit code of the last night.", told.exit_code)
        ends = [((one,), float(one == told.status)) for one in statuses]
        yield self._gauges("status", "1 for the way in which the last night ended.", "status", ends)
        yield self._gauge("forced", "1 where the last night was promoted by force.", told.forced)
        yield self._counter([((one,), self.so_far.nights[one]) for one in statuses])
        what = "How long the steps of the last night took together."
        yield self._gauge("duration_seconds", what, sum(told.seconds.values()))
        steps = [((step,), seconds) for step, seconds in told.seconds.items()]
        what = "How long a step took; 0 where its output was there already."
        yield self._gauges("step_duration_seconds", what, "step", steps)

    def _of_the_models(self) -> "Iterator[Metric]":
        told = self.outcome
        both = {"candidate": told.candidate_value, "champion": told.champion_value}
        values = [((who, told.metric), value) for who, value in both.items() if value is not None]
        what = "The headline metric on the held-out lists, from 0 to 1."
        yield self._gauges("quality_ratio", what, "model metric", values)
        if told.difference is not None:
            what = "The candidate's headline metric less the champion's."
            difference = [((told.metric,), told.difference)]
            yield self._gauges("quality_difference_ratio", what, "metric", difference)
        broken: dict[tuple[str, ...], float] = {}
        for rule in told.rules:
            broken[(rule.rule,)] = broken.get((rule.rule,), 0) + (not rule.passed)
        what = "Subjects of the last night for which a rule of the gate did not hold."
        yield self._gauges("broken_rules", what, "rule", broken.items())

    def _of_the_data(self) -> "Iterator[Metric]":
        rows = {fate: count for fate, count in self.outcome.rows.items() if fate != "read"}
        if "read" in self.outcome.rows:
            yield self._gauge("read_rows", "Rows of the log.", self.outcome.rows["read"])
        fates = [((fate,), count) for fate, count in rows.items()]
        yield self._gauges("rows", "Rows of the log by what became of them.", "fate", fates)
        parts = [((part,), count) for part, count in self.outcome.lists.items()]
        yield self._gauges("lists", "Lists by part.", "part", parts)

    def _gauge(self, name: str, what: str, value: float) -> "GaugeMetricFamily":
        return self._gauges(name, what, "", [((), value)])

    def _gauges(
        self, name: str, what: str, labels: str, values: Iterable[tuple[tuple[str, ...], float]]
    ) -> "GaugeMetricFamily":
        from prometheus_client.core import GaugeMetricFamily

        family = GaugeMetricFamily(f"ltr_night_{name}", what, labels=["pipeline", *labels.split()])
        for labelled, value in values:
            family.add_metric([self.pipeline, *map(redact, labelled)], value)
        return family

    def _counter(self, values: list[tuple[tuple[str], float]]) -> "CounterMetricFamily":
        from prometheus_client.core import CounterMetricFamily

        what = "Nights by how they ended, since the file was begun."
        family = CounterMetricFamily("ltr_nights", what, labels=["pipeline", "status"])
        for labelled, value in values:
            family.add_metric([self.pipeline, *labelled], value)
        return family


def _midnight(date: datetime.date) -> float:
    return datetime.datetime.combine(date, datetime.time(), datetime.UTC).timestamp()
