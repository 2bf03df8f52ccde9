from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.config import Events
from pipelines.errors import ConfigError, LogError
from pipelines.stages.attribute import attribute, count, tally
from pipelines.stages.label import label
from pipelines.stages.observe import BAD_PROPENSITY, observe
from pipelines.stages.propensity import COUNTS, attach, count_clicks, estimate, merge_clicks
from pipelines.stages.read import read_impressions
from tests.pipelines.job_tables import as_file, job, log

CLARA = Path(__file__).parents[3] / "../shared/data/clara2"


def settings(**propensity):
    return job(
        events=None,
        log__session=None,
        features__document={"ids": ["item"]},
        grades=[{"grade": 1, "when": "price > 0"}],
        propensity=propensity,
    )


def observed(frame, jobs):
    read = read_impressions(as_file(frame), jobs)
    return label(observe(read.with_columns(reason=pl.lit(None, pl.String)), jobs), jobs)


def test_a_column_of_propensities_is_clipped_and_a_bad_one_makes_the_row_unusable():
    frame = log(1, 5).with_columns(seen=pl.Series([1.0, 0.3, 0.01, 0.0, None]))
    got = observed(frame, settings(column="seen", clip=0.1)).collect()
    assert got["propensity"].to_list() == pytest.approx([1.0, 0.3, 0.1, 1.0, 1.0])
    assert got["reason"].to_list() == [None] * 3 + [BAD_PROPENSITY] * 2


def test_a_column_of_propensities_that_is_text_is_refused():
    with pytest.raises(LogError, match=r"propensity\.column: column 'user' must hold numbers"):
        observed(log(1), settings(column="user"))


def test_a_document_is_the_same_under_the_same_query():
    jobs = settings(estimate="pbm", clicked="price > 0", same=["user"])
    got = observed(log(4, 2), jobs).collect()
    assert got["clicked"].to_list() == [False, True] * 4
    assert got["same"].n_unique() == 6
    assert got["same"].to_list()[:2] == got["same"].to_list()[6:]


@pytest.mark.parametrize(
    ("propensity", "message"),
    [
        ({}, "^propensity: give either propensity.column or propensity.estimate"),
        ({"column": "a", "estimate": "pbm"}, "^propensity: give either"),
        ({"estimate": "pbm"}, r"^propensity\.clicked: is needed for propensity\.estimate = 'pbm'"),
        ({"column": "a", "clicked": "b"}, r"^propensity\.clicked: has no use with propensity\.col"),
        (
            {"estimate": "pbm", "clicked": "a", "shuffled": "b"},
            r"shuffled: has no use with .*'pbm'",
        ),
        ({"estimate": "randomisation", "clicked": "a"}, r"^propensity\.shuffled: is needed for"),
        ({"column": "a", "same": ["b"]}, r"^propensity\.same: has no use with propensity\.column"),
        ({"estimate": "guess"}, r"^propensity\.estimate: must be 'randomisation', 'harvesting' or"),
        ({"column": "a", "clip": 0.0}, r"^propensity\.clip: must be greater than 0"),
    ],
)
def test_keys_that_are_missing_or_do_nothing_are_refused(propensity, message):
    with pytest.raises(ConfigError, match=message):
        settings(**propensity)


@pytest.mark.parametrize(
    ("clicked", "message"),
    [
        ("clics > 0", r"propensity\.clicked names column 'clics'"),
        ("price > AVG(price)", r"propensity\.clicked: must be a condition on one row"),
    ],
)
def test_a_condition_that_cannot_be_evaluated_is_refused(clicked, message):
    with pytest.raises((ConfigError, LogError), match=message):
        observed(log(1), settings(estimate="pbm", clicked=clicked))


def test_training_weighs_by_propensities_only_where_there_are_some():
    for key in ("loss", "evaluation"):
        with pytest.raises(ConfigError, match=rf"^{key}\.unbiased: needs a \[propensity\] section"):
            job(**{f"{key}__unbiased": True})


RATES = {1: 0.5, 2: 0.25, 3: 0.125}


def clicked_by_position(*, shuffled=True):
    rows = [
        (f"q{number}", "d", position, number < 800 * rate, shuffled)
        for position, rate in RATES.items()
        for number in range(800)
    ]
    columns = ["query_id", "same", "position", "clicked", "shuffled"]
    return pl.LazyFrame(rows, schema=columns, orient="row").cast({"position": pl.Int32})


@pytest.mark.parametrize("kind", ["randomisation", "harvesting", "pbm"])
def test_all_three_find_the_curve_of_a_document_seen_everywhere(kind):
    more = {"shuffled": "x"} if kind == "randomisation" else {}
    given_ = settings(estimate=kind, clicked="x", clip=0.3, **more).propensity
    counts = merge_clicks([count_clicks(clicked_by_position(), given_).collect()])
    curve = estimate(counts, given_)
    assert curve.propensities == pytest.approx((1.0, 0.5, 0.3), abs=1e-3)
    assert (curve.method, curve.shown, curve.clicks) == (kind, (800,) * 3, (400, 200, 100))


@given(st.lists(st.integers(0, 3), min_size=20, max_size=20))
def test_the_counts_of_parts_merge_into_those_of_the_whole(parts):
    given_ = settings(estimate="pbm", clicked="x").propensity
    rows = clicked_by_position().collect().gather_every(120)
    cut = rows.with_columns(pl.Series("part", parts[: rows.height]))
    counts = [
        count_clicks(cut.lazy().filter(pl.col("part") == one), given_).collect() for one in range(4)
    ]
    whole = count_clicks(rows.lazy(), given_).collect()
    assert whole.schema == COUNTS
    assert_frame_equal(merge_clicks(counts), whole)


def test_a_log_without_a_shuffled_list_cannot_tell():
    given_ = settings(estimate="randomisation", clicked="x", shuffled="y").propensity
    counts = count_clicks(clicked_by_position(shuffled=False), given_).collect()
    with pytest.raises(LogError, match=r"propensity: propensity\.estimate = 'randomisation' must"):
        estimate(counts, given_)


def test_a_document_gets_the_propensity_of_its_position_and_beyond_the_end_the_last_one():
    given_ = settings(estimate="pbm", clicked="x").propensity
    curve = estimate(count_clicks(clicked_by_position(), given_).collect(), given_)
    rows = pl.LazyFrame({"position": [2, 1, 9]}, schema={"position": pl.Int32})
    got = attach(rows, curve).collect()
    assert got.schema["propensity"] == pl.Float32
    assert got["propensity"].to_list() == pytest.approx([0.5, 1.0, 0.25], abs=1e-3)


def clicks_of_clara():
    names = Events(
        **dict.fromkeys(("path", "session", "document", "time", "action"), "_"),
        counts={"clicks": "click"},
        sums={},
        maxima={},
    )
    ids = {"session_id": "session_id", "document_id": "url_id"}
    as_text = [pl.col(column).cast(pl.String).alias(name) for name, column in ids.items()]
    shown = pl.scan_parquet(CLARA / "impressions.parquet").rename({"query_id": "text"})
    rows = shown.with_row_index("row").select(
        "row",
        "time",
        "text",
        *as_text,
        pl.col("position").cast(pl.Int32),
        query_id="request_id",
        reason=pl.lit(None, pl.String),
    )
    events = pl.scan_parquet(CLARA / "events.parquet").select("time", "action", *as_text)
    return count(rows, tally(attribute(rows, events, names), names), names)


@pytest.mark.skipif(not CLARA.exists(), reason="the log of CLARA 2 is not here")
@pytest.mark.parametrize("kind", ["harvesting", "pbm"])
def test_on_a_real_search_log_examination_falls_and_less_than_the_click_rate(kind):
    rows = clicks_of_clara().with_columns(
        clicked=pl.col("log/clicks") > 0, same=pl.concat_str("text", "document_id", separator=" ")
    )
    given_ = settings(estimate=kind, clicked="x", same=["q"], clip=0.001).propensity
    curve = estimate(count_clicks(rows, given_).collect(), given_)
    found = np.array(curve.propensities)
    rates = np.array(curve.clicks) / np.array(curve.shown)
    assert len(found) == 10
    assert found[1] < 0.9
    assert found[5:].mean() < found[2:5].mean() < found[1]
    assert (found[1:5] > (rates / rates[0])[1:5]).all()
