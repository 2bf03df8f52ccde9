"""What the report does with propensities."""

import numpy as np
import polars as pl
import pytest
import torch

from ltr.data.manifest import ListsError
from ltr.data.reader import Lists
from ltr.evaluation.propensities import Curve
from ltr.metrics import ndcg
from pipelines.config import Features, SideFeatures
from pipelines.encoder import Counts, Encoder
from pipelines.errors import ConfigError
from pipelines.held_out import held_out_table
from pipelines.jobs.evaluate import measure
from pipelines.report import Rules
from pipelines.report.picture_propensities import propensity_picture, write_propensity_picture
from pipelines.report.words import unbiased
from pipelines.table.columns import Columns
from tests.lists_on_disk import PRICE, write_lists
from tests.pipelines.job_tables import job

SCORES = torch.tensor([0.1, 0.9, 0.5])


def lists(folder, **columns):
    row = {"grade": [1, 0, 1], "document/price": [0.0] * 3, **columns}
    return Lists(write_lists(folder, {"test": [[row]]}, features=[PRICE]), "test")


def test_gains_are_divided_by_propensities_where_the_job_says_so(tmp_path):
    told = lists(tmp_path, propensity=[0.25, 1.0, 0.5])
    weights = torch.tensor([4.0, 1.0, 2.0])
    want = ndcg(SCORES, told.grades(), lengths=told.lengths, k=2, weights=weights)
    plain = ndcg(SCORES, told.grades(), lengths=told.lengths, k=2)
    for is_unbiased, value in ((True, want), (False, plain)):
        rules = Rules(gain="exp2", cutoffs=(2,), unbiased=is_unbiased)
        assert measure(SCORES, told, rules)[0, 1] == value
    assert abs(want - plain) > 0.05


def test_lists_without_propensities_cannot_be_measured_so(tmp_path):
    with pytest.raises(ListsError, match=r"evaluation\.unbiased needs propensities; the test"):
        measure(SCORES, lists(tmp_path), Rules(gain="exp2", unbiased=True))


def test_the_rules_say_it():
    assert unbiased(Rules(gain="exp2", unbiased=True)) == " / propensity"
    assert unbiased(Rules(gain="exp2")) == ""


CURVE = Curve.of(
    method="pbm",
    assumptions=(),
    shown=np.array([100, 100, 0, 100]),
    clicks=np.array([50, 20, 0, 0]),
    examination=np.array([1.0, 0.5, np.nan, 0.0]),
    clip=0.1,
)


def test_the_picture_says_its_numbers_and_equal_curves_give_equal_bytes():
    drawn = propensity_picture(CURVE)
    assert drawn.spoken == "propensity 1.000 at position 1, 0.100 at position 4"
    assert drawn == propensity_picture(CURVE)


def test_the_picture_alone_brings_its_own_colours(tmp_path):
    write_propensity_picture(CURVE, tmp_path)
    svg = (tmp_path / "propensities.svg").read_text()
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" style="color:#')
    assert "--series-0:#" in svg


def test_clicks_without_any_at_the_first_position_are_drawn_without_rates():
    never = CURVE.model_copy(update={"clicks": (0, 1, 0, 0)})
    assert "<svg" in propensity_picture(never).svg


def test_metrics_without_weights_are_refused_and_none_is_measured_unasked():
    told = {"propensity": {"column": "seen"}, "evaluation__unbiased": True}
    assert job(**told).evaluation.metrics == ()
    assert job(**told, evaluation__metrics=["recall@5"]).evaluation.metrics == ("recall@5",)
    with pytest.raises(ConfigError, match=r"^evaluation\.metrics: must weigh documents.* 'map'"):
        job(**told, evaluation__metrics=["recall@5", "map"])


def test_rows_of_held_out_lists_bring_their_propensities(tmp_path):
    lists(tmp_path, propensity=[0.25, 1.0, 0.5])
    columns = Columns(query="query", label="grade", score="model", propensity="propensity")
    shard = next((tmp_path / "test").glob("*.arrow"))
    scores = {"model": pl.Series(SCORES.numpy())}
    features = Features(query=SideFeatures(), document=SideFeatures(ids=()))
    encoder = Encoder.fit(Counts.of(pl.LazyFrame({"query_id": ["a"]}), features), features)
    rows = held_out_table([shard], scores, encoder, columns)
    assert rows["propensity"].to_list() == [0.25, 1.0, 0.5]
