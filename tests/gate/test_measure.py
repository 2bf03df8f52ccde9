import numpy as np
import polars as pl
import pytest
import torch

from ltr.data.reader import Lists
from ltr.recipe import LossConfig
from pipelines.config import Features, SideFeatures
from pipelines.encoder import Counts, Encoder
from pipelines.gate.measure import ranked, slice_words
from tests.lists_on_disk import USER, write_lists

LOGISTIC = LossConfig(name="sigmoid_cross_entropy")


@pytest.fixture
def lists(tmp_path):
    rows = [
        {"grade": [1, 0], "query/user": 1},
        {"grade": [0], "query/user": 2},
        {"grade": [0, 0, 1], "query/user": 1},
    ]
    return Lists(write_lists(tmp_path / "lists", {"test": [rows]}, [USER]), "test")


SCORES = torch.tensor([0.5, 0.5, 0.1, 2.0, 1.0, -1.0])
VALUES = torch.tensor([1.0, torch.nan, 0.5], dtype=torch.float64)


def test_lists_whose_documents_all_have_one_score_are_counted(lists):
    found = ranked("v1", SCORES, VALUES, lists, None)
    assert (found.documents, found.orderable, found.constant, found.not_finite) == (6, 2, 1, 0)
    np.testing.assert_array_equal(found.values, VALUES.numpy())


def test_the_calibration_of_probabilities_is_summed_by_list(lists):
    found = ranked("v1", SCORES, VALUES, lists, LOGISTIC).calibration
    assert found.sums is not None
    assert found.sums[:, -1].tolist() == [2, 1, 3]
    gap = torch.sigmoid(SCORES.double()).sum() - 2
    assert found.sums[:, :-1].sum() == pytest.approx(float(gap))


def test_scores_that_are_no_numbers_leave_nothing_to_compare(lists):
    broken = SCORES.clone()
    broken[3] = torch.nan
    broken[4] = torch.inf
    found = ranked("v1", broken, None, lists, LOGISTIC)
    assert found.not_finite == 2
    assert np.isnan(found.values).all()
    assert found.constant == 1
    assert found.calibration.note == "not all of its scores are finite numbers"


def test_a_ranker_that_was_not_trained_has_no_probabilities(lists):
    assert ranked("random", SCORES, VALUES, lists, None).calibration.note == (
        "its scores are of no model"
    )


def test_scores_of_other_lists_are_refused(lists):
    with pytest.raises(ValueError, match=r"^v1: needs 6 scores and 3 values; got 5, 3$"):
        ranked("v1", SCORES[:5], VALUES, lists, None)


def test_no_lists_at_all_are_measured(tmp_path):
    lists = Lists(write_lists(tmp_path / "lists", {}, [USER]), "test")
    found = ranked("v1", torch.zeros(0), torch.zeros(0), lists, LOGISTIC)
    assert (found.documents, found.orderable, len(found.values)) == (0, 0, 0)


def test_slices_are_called_by_the_words_of_the_log(tmp_path):
    features = Features(query=SideFeatures(ids=("user",)), document=SideFeatures(ids=()))
    log = pl.DataFrame({"query_id": ["a", "b", "c"], "query/user": ["Ann", "Ann", "Bob"]})
    encoder = Encoder.fit(Counts.of(log.lazy(), features), features)
    rows = [{"grade": [1, 0], "query/user": number} for number in (1, 0)]
    folder = write_lists(tmp_path / "lists", {"test": [rows]}, [{**USER, "size": 2}])
    encoder.save(folder / "encoder")
    found = slice_words(Lists(folder, "test"), ["user"])
    assert found == {"user": ["Ann", "(unseen in training)"]}
