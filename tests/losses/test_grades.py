"""The contract of the losses whose grades are classes."""

import pytest
import torch
from torch.testing import assert_close

from ltr.losses import expected_grade, grade_cross_entropy, ordinal

both = pytest.mark.parametrize(("loss", "classes"), [(grade_cross_entropy, 3), (ordinal, 2)])


@both
def test_logits_are_ragged_padded_or_one_list(loss, classes):
    logits = torch.randn(5, classes, generator=torch.Generator().manual_seed(0))
    labels, weights = torch.tensor([0, 2, 1, 1, 2]), torch.tensor([1.0, 2.0, 0.5, 1.0, 3.0])
    ragged = loss(
        logits, labels, lengths=torch.tensor([2, 3]), weights=weights, grades=3, reduction="none"
    )
    mask = torch.tensor([[True, False, True], [True, True, True]])
    rows = torch.full((2, 3, classes), torch.nan)
    rows[mask] = logits
    rows.requires_grad_()
    grades, factors = torch.full((2, 3), 9), torch.full((2, 3), torch.nan)
    grades[mask], factors[mask] = labels, weights
    by_row = loss(rows, grades, mask=mask, weights=factors, grades=3, reduction="none")
    assert_close(by_row, ragged)
    (gradient,) = torch.autograd.grad(by_row.sum(), rows)
    assert gradient[0, 1].eq(0).all()
    first = loss(logits[:2], labels[:2], weights=weights[:2], grades=3)
    assert_close(first, ragged[0])


@both
def test_low_precision_logits_are_computed_in_float32(loss, classes):
    logits = torch.tensor([[1e4, -1e4, 3.0][:classes]], dtype=torch.float16)
    value = loss(logits, torch.tensor([1]), grades=3)
    assert value.dtype == torch.float16
    assert value.isfinite()


@both
def test_shapes_and_grades_that_do_not_fit_are_named(loss, classes):
    with pytest.raises(ValueError, match=rf"3 grades .*\[2\] or \[2, {classes}\]; got \[2, 5\]"):
        loss(torch.zeros(2, 5), torch.zeros(2), grades=3)
    for wrong in (3.0, -1.0, 0.5):
        with pytest.raises(ValueError, match=f"whole grades from 0 to 2; got {wrong:g}"):
            loss(torch.zeros(2), torch.tensor([0.0, wrong]), grades=3)
    with pytest.raises(ValueError, match="grades must be at least 2; got 1"):
        loss(torch.zeros(2), torch.zeros(2), grades=1)


@both
def test_grades_out_of_range_are_refused_in_a_compiled_loss(loss, classes):
    del classes
    compiled = torch.compile(loss, fullgraph=True, backend="aot_eager", dynamic=False)
    with pytest.raises(RuntimeError, match="below the number of grades"):
        compiled(torch.zeros(2), torch.tensor([0, 5]))


def test_the_expected_grade_written_out():
    p = torch.tensor([0.2, 0.5, 0.3])
    assert expected_grade(p.log()).item() == pytest.approx(0.5 + 2 * 0.3)
    reach = torch.tensor([0.8, 0.3])
    assert expected_grade(reach.logit(), link="sigmoid").item() == pytest.approx(1.1)
    assert expected_grade(torch.zeros(2, 3).bfloat16()).dtype == torch.bfloat16
    with pytest.raises(ValueError, match=r"link must be one of .*; got 'probit'"):
        expected_grade(p, link="probit")  # type: ignore[arg-type]
