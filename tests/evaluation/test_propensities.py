import numpy as np
import pytest

from ltr.data.manifest import ListsError
from ltr.evaluation.propensities import Curve


def curve(examination, clip=0.1):
    number = len(examination)
    return Curve.of(
        method="pbm",
        assumptions=("one",),
        shown=np.full(number, 10),
        clicks=np.arange(number),
        examination=np.array(examination),
        clip=clip,
    )


def test_a_propensity_is_at_least_clip_and_at_most_one():
    assert curve([1.0, 1.2, 0.5, 0.01]).propensities == (1.0, 1.0, 0.5, 0.1)


def test_an_unknown_position_has_the_propensity_of_the_last_known_one_above():
    found = curve([1.0, np.nan, 0.4, np.nan, np.nan])
    assert found.propensities == (1.0, 1.0, 0.4, 0.4, 0.4)
    assert found.examination == (1.0, None, 0.4, None, None)


def test_what_is_saved_is_read_again(tmp_path):
    saved = curve([1.0, np.nan, 1 / 3])
    saved.save(tmp_path)
    assert Curve.load(tmp_path) == saved


def test_a_missing_or_broken_file_is_told(tmp_path):
    with pytest.raises(ListsError, match=r"propensities\.json cannot be read: No such file"):
        Curve.load(tmp_path)
    (tmp_path / "propensities.json").write_text('{"method": 3}')
    with pytest.raises(ListsError, match=r"propensities\.json: method"):
        Curve.load(tmp_path)
