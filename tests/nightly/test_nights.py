"""Which earlier nights count: what a night is compared with, and which days it leaves out."""

import datetime

import pytest

from pipelines.nightly.champion import Pin
from pipelines.nightly.nights import dates, ended, refused, sound, suspect
from pipelines.nightly.outcome import Outcome, RuleRecord

DRIFT = RuleRecord(rule="drift", subject="relevant", passed=False)
WORSE = RuleRecord(rule="headline", subject="ndcg@10", passed=False)


@pytest.fixture
def nights(tmp_path):
    """Nights of November: write(3, DRIFT) is one that was refused on the third."""

    def write(day, *rules, status="kept", forced=False, asked=False):
        date = datetime.date(2026, 11, day)
        folder = tmp_path / date.isoformat()
        folder.mkdir()
        outcome = Outcome(date=date, status=status, exit_code=10, rules=rules, forced=forced)
        (folder / "outcome.json").write_text(outcome.model_dump_json())
        Pin(forced=forced or asked).save(folder / "night.json")

    return tmp_path, write


def on(day):
    return datetime.date(2026, 11, day)


def test_a_night_is_compared_with_the_last_one_that_had_not_drifted(nights):
    folder, write = nights
    write(1)
    write(2, WORSE)
    write(3, DRIFT)
    write(4, status="failed")
    write(6)
    assert [one.name for one in sound(folder, "2026-11-05")] == ["2026-11-02", "2026-11-01"]
    assert not list(sound(folder, "2026-11-01"))


def test_a_night_that_was_forced_is_one_to_compare_with(nights):
    folder, write = nights
    write(1)
    write(2, DRIFT, status="promoted", forced=True)
    assert next(sound(folder, "2026-11-03")) == folder / "2026-11-02"


def test_days_whose_night_was_refused_are_left_out_while_they_are_in_the_window(nights):
    folder, write = nights
    write(1, DRIFT)
    write(2, WORSE)
    write(3, DRIFT)
    assert suspect(folder, on(4), days=4) == (on(1), on(3))
    assert suspect(folder, on(5), days=4) == (on(3),)
    assert suspect(folder, on(9), days=4) == ()


def test_no_day_is_left_out_where_more_than_half_of_the_window_would_be(nights):
    folder, write = nights
    for number in (1, 2, 3):
        write(number, DRIFT)
    assert suspect(folder, on(4), days=6) == (on(1), on(2), on(3))
    assert suspect(folder, on(4), days=5) == ()
    assert refused(folder, on(4), days=5) == (on(1), on(2), on(3))


def test_a_day_is_no_suspect_in_its_own_night(nights):
    folder, write = nights
    write(3, DRIFT)
    assert suspect(folder, on(3), days=4) == ()


def test_a_forced_night_ends_the_quarantine(nights):
    folder, write = nights
    write(1, DRIFT)
    write(2, DRIFT, status="promoted", forced=True)
    write(3, DRIFT)
    assert suspect(folder, on(4), days=6) == (on(3),)


def test_so_does_one_of_which_force_was_asked_and_not_needed(nights):
    folder, write = nights
    write(1, DRIFT)
    write(2, status="promoted", asked=True)
    assert suspect(folder, on(3), days=6) == ()


def test_a_night_that_no_force_could_promote_is_a_suspect_as_before(nights):
    folder, write = nights
    write(1, DRIFT)
    write(2, DRIFT, asked=True)
    assert suspect(folder, on(3), days=6) == (on(1), on(2))


def test_what_is_no_night_is_passed_over(nights):
    folder, write = nights
    write(1)
    (folder / "notes").mkdir()
    (folder / "2026-11-02").mkdir()
    (folder / "2026-11-31").mkdir()
    assert dates(folder) == ["2026-11-01", "2026-11-02"]
    assert ended(folder / "2026-11-02") is None
    assert dates(folder / "nowhere") == []
