import datetime
import logging
import math
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pipelines.telemetry import write_textfile
from tests.telemetry.nights import DATE, failed, night

UNITS = ("seconds", "ratio", "bytes")


def series(file):
    """Every series of a file: its value by its name and labels, the pipeline's left out."""
    found = {}
    for family in text_string_to_metric_families(file.read_text()):
        for sample in family.samples:
            labels = dict(sample.labels)
            assert labels.pop("pipeline") == "search"
            key = (sample.name, *labels.values())
            assert key not in found, "two series of one name and the same labels"
            found[key] = sample.value
    return found


@pytest.fixture
def file(tmp_path):
    return tmp_path / "metrics" / "search.prom"


def test_a_night_is_told_as_metrics(file):
    assert write_textfile(file, night(), now=1_800_000_000.0)
    told = series(file)
    assert told["ltr_night_last_run_timestamp_seconds",] == 1_800_000_000
    assert told["ltr_night_last_success_timestamp_seconds",] == 1_800_000_000
    assert told["ltr_night_date_timestamp_seconds",] == 1_795_219_200
    assert told["ltr_night_exit_code",] == 0
    assert told["ltr_night_duration_seconds",] == 64.5
    assert told["ltr_night_step_duration_seconds", "train"] == 61.0
    assert told["ltr_night_quality_ratio", "ndcg@10", "candidate"] == 0.612
    assert told["ltr_night_quality_ratio", "ndcg@10", "champion"] == 0.6
    assert told["ltr_night_quality_difference_ratio", "ndcg@10"] == 0.012
    assert told["ltr_night_read_rows",] == 1000
    assert [told["ltr_night_rows", fate] for fate in ("kept", "filtered", "rejected")] == [
        900,
        60,
        40,
    ]
    assert told["ltr_night_lists", "test"] == 10
    assert told["ltr_night_broken_rules", "drift"] == 1
    assert told["ltr_night_broken_rules", "headline"] == 0
    assert told["ltr_night_status", "promoted"] == 1
    assert told["ltr_night_status", "failed"] == 0
    assert told["ltr_nights_total", "promoted"] == 1


def test_a_failed_night_keeps_the_time_of_the_last_good_one(file):
    write_textfile(file, night(), now=100.0)
    write_textfile(file, failed(), now=200.0)
    told = series(file)
    assert told["ltr_night_last_run_timestamp_seconds",] == 200
    assert told["ltr_night_last_success_timestamp_seconds",] == 100
    assert told["ltr_night_exit_code",] == 2
    assert ("ltr_night_quality_ratio", "ndcg@10", "candidate") not in told


def test_nights_are_counted_and_one_that_is_told_again_counts_once(file):
    for day, status in enumerate(["promoted", "kept", "promoted", "promoted"]):
        date = DATE + datetime.timedelta(days=day)
        for _ in range(2):
            write_textfile(file, night(date=date, status=status))
    told = series(file)
    assert told["ltr_nights_total", "promoted"] == 3
    assert told["ltr_nights_total", "kept"] == 1
    assert told["ltr_nights_total", "failed"] == 0


def test_a_file_that_nobody_understands_is_written_anew(file, caplog):
    file.parent.mkdir()
    file.write_text("ltr_nights_total{pipeline=")
    with caplog.at_level(logging.WARNING):
        assert write_textfile(file, night())
    assert "search.prom is not understood; counts begin at 0" in caplog.text
    assert series(file)["ltr_nights_total", "promoted"] == 1


def test_a_file_that_cannot_be_written_is_warned_of_and_the_old_one_stays(
    file, caplog, monkeypatch
):
    write_textfile(file, night(), now=100.0)
    before = file.read_text()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.rename", full)
    with caplog.at_level(logging.WARNING):
        assert not write_textfile(file, failed(), now=200.0)
    assert f"notify.textfile: {file} is not written: [Errno 28] No space left" in caplog.text
    assert file.read_text() == before
    assert [path.name for path in file.parent.iterdir()] == ["search.prom"]


def test_a_place_that_is_no_folder_is_warned_of(tmp_path, caplog):
    (tmp_path / "metrics").write_text("a file")
    with caplog.at_level(logging.WARNING):
        assert not write_textfile(tmp_path / "metrics" / "x.prom", night())
    assert "is not written" in caplog.text


def test_names_follow_the_conventions(file):
    """What `promtool check metrics` asks for."""
    write_textfile(file, night())
    for family in text_string_to_metric_families(file.read_text()):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert re.fullmatch(r"ltr_[a-z_]+", name)
        assert family.documentation
        assert family.documentation.endswith(".")
        assert not name.endswith(("_count", "_sum", "_bucket", "_info", "_created"))
        assert (family.type == "counter") == name.endswith("_total")
        assert not re.search(r"milli|micro|minutes|hours|percent|_ms$", name)
        for unit in UNITS:
            assert unit not in name.split("_") or name.endswith(f"_{unit}")
        assert not {"job", "instance", "le"} & {key for one in family.samples for key in one.labels}


def test_labels_of_any_text_are_read_back(file):
    odd = 'two\nlines "and" \\quotes\\ é'
    write_textfile(file, night(seconds={odd: 1.0}))
    assert series(file)["ltr_night_step_duration_seconds", odd] == 1.0


def test_a_value_that_is_not_finite_is_told_as_prometheus_does(file):
    write_textfile(file, night(candidate_value=math.nan))
    assert math.isnan(series(file)["ltr_night_quality_ratio", "ndcg@10", "candidate"])
