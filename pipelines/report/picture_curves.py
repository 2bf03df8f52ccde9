"""Pictures of curves: NDCG by k, and the learning curve."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from pipelines.report.canvas import (
    MODEL,
    MUTED,
    SERIES,
    Picture,
    drawing,
    horizontal_grid,
    nothing_to_draw,
    round_ticks,
    to_svg,
)
from pipelines.report.parts import CURVE_KS, Number
from pipelines.report.record import Epoch, Report
from pipelines.report.words import number, short

DASHES = ("-", (0, (5, 1.5)), (0, (2, 1.5)), (0, (5, 1.5, 1, 1.5)))
"""One for each of ``SERIES``: colour is never the only difference."""


def ndcg_by_k_picture(curves: Sequence[tuple[str, Sequence[Number]]]) -> Picture:
    """Mean NDCG at k = 1 … 20 of every ranker, each given by its name and values."""
    at_ends = (
        f"{name} from {number(values[0])} at k = 1 to {number(values[-1])} at k = {CURVE_KS[-1]}"
        for name, values in curves
    )
    return Picture(
        name="by-k",
        title="NDCG by k",
        svg=_by_k_svg(curves),
        spoken="; ".join(at_ends),
        caption=(
            "Mean NDCG over the lists when only the first k documents count. The axis does not"
            " start at 0."
        ),
    )


def _by_k_svg(curves: Sequence[tuple[str, Sequence[Number]]]) -> str:
    """Draw one named curve over ``CURVE_KS`` for each ranker."""
    if _is_undefined(*(values for _, values in curves)):
        return nothing_to_draw("by-k")
    with drawing(270) as (figure, [plot]):
        for at, (name, values) in enumerate(curves):
            style = min(at, len(SERIES) - 1)
            _curve(plot, CURVE_KS, values, SERIES[style], DASHES[style], short(name, 20))
        horizontal_grid(plot, 5)
        plot.set(xlabel="k", xticks=[1, 5, 10, 15, 20], xlim=(0.5, 20.5))
        figure.legend(loc="outside upper left", ncols=2, handlelength=2.4, borderpad=0.2)
        return to_svg(figure, "by-k")


def learning_picture(report: Report) -> Picture:
    """Validation NDCG and training loss by epoch, the epoch that was kept marked."""
    training = report.training
    with drawing(270, rows=2) as (figure, [quality, loss]):
        epochs = [one.epoch for one in training.epochs]
        _panel(
            quality, epochs, [one.validation_ndcg for one in training.epochs], "validation NDCG@10"
        )
        _panel(loss, epochs, [one.train_loss for one in training.epochs], "train loss")
        for plot in (quality, loss):
            plot.axvline(training.best_epoch, color=MUTED, linewidth=1, dashes=(3, 3), zorder=1)
        loss.xaxis.set_major_locator(round_ticks(8, integer=True))
        loss.set(xlabel="epoch", xlim=(epochs[0] - 0.4, epochs[-1] + 0.4))
        svg = to_svg(figure, "learning")
    best = next((one for one in training.epochs if one.epoch == training.best_epoch), None)
    return Picture(
        name="learning",
        title="Learning curve",
        svg=svg,
        spoken=_spoken(best, len(epochs)),
        caption=(
            "Top: mean NDCG over the validation lists after each epoch. Bottom: mean training"
            f" loss ({training.loss}) in it. Dashed: epoch {training.best_epoch}, the best on"
            " validation, whose model was kept and is the one reported."
        ),
    )


def _spoken(best: Epoch | None, epochs: int) -> str:
    if best is None:
        return f"{epochs} epochs"
    return (
        f"{epochs} epochs; the one kept, {best.epoch}, has validation NDCG@10"
        f" {number(best.validation_ndcg)} and train loss {number(best.train_loss)}"
    )


def _panel(plot: Axes, epochs: list[int], values: list[Number], title: str) -> None:
    plot.set_title(title, loc="left", fontsize=11, color=MUTED, pad=4)
    if _is_undefined(tuple(values)):
        plot.text(0.5, 0.4, "undefined", transform=plot.transAxes, ha="center", color=MUTED)
        plot.set_yticks([])
    else:
        _curve(plot, epochs, values, MODEL, "-", None)
        horizontal_grid(plot, 4)


def _curve(
    plot: Axes,
    x: Sequence[int],
    y: Sequence[Number],
    colour: str,
    dashes: object,
    label: str | None,
) -> None:
    values = [float("nan") if value is None else value for value in y]
    size = 4 if len(x) <= 30 else 0
    plot.plot(x, values, color=colour, linestyle=dashes, label=label, marker="o", markersize=size)


def _is_undefined(*curves: Sequence[Number]) -> bool:
    return all(value is None for curve in curves for value in curve)
