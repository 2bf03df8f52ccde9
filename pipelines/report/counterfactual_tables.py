"""The words and tables on what a new policy or ranking would get, for terminal, Markdown, HTML."""

from collections.abc import Iterator

from pipelines.report.counterfactual_record import Counterfactual
from pipelines.report.parts import Estimate
from pipelines.report.tables import Cell, Table
from pipelines.report.words import UNDEFINED, count, percent, rate, share

READ_AS = {
    "naive": "the log itself, whatever the new one is",
    "inverse propensity": "unbiased where the log covers the new one",
    "clipped": "no weight above the clip: too low, but steadier",
    "self-normalised": "the luck of the weights taken out",
    "direct": "the click model alone, as biased as the model",
    "doubly robust": "the click model, corrected by the log",
}


def unit(found: Counterfactual) -> str:
    """Say what the numbers count."""
    return f"{found.reward} per {found.per}"


def headline(found: Counterfactual) -> str:
    """Say the main result in one line, beside the log's own number."""
    lead = found.lead
    return (
        f"{found.new} would get {rate(lead.estimate.value)}{ends(lead.estimate)} {unit(found)}"
        f" ({lead.name}), where the log got {rate(found.naive.value)}{ends(found.naive)}"
    )


def sentence(found: Counterfactual) -> str:
    """Say what the main estimate's interval allows to say."""
    low, high, was = found.lead.estimate.low, found.lead.estimate.high, found.naive.value
    if low is None or high is None or was is None:
        return "Undecided: there is no interval, so chance may explain the difference."
    if low <= was <= high:
        return (
            f"Not distinguishable from the log: its {unit(found)} lies within the interval of the"
            " estimate."
        )
    side = "above" if low > was else "below"
    return f"The whole {percent(found.confidence)} interval lies {side} what the log itself got."


def weighed(found: Counterfactual) -> str:
    """Say in a sentence what the weights leave of the log."""
    said = found.weights
    return (
        f"Effective sample size {said.effective_sample_size:,.0f} of {count(said.rows)} rows, mean"
        f" weight {said.mean_weight:.3f}, largest {said.max_weight:.4g},"
        f" {count(said.clipped)} rows above the clip of {found.clip:g}."
    )


def estimates(found: Counterfactual) -> Table:
    """Every estimate with its interval, and how it compares with the log's own number."""
    rows = tuple(
        (
            Cell(one.name),
            Cell(rate(one.estimate.value), ends(one.estimate).strip()),
            Cell(_times(one.estimate, found.naive)),
        )
        for one in found.estimates
    )
    title = f"{unit(found)} that {found.new} would get"
    return Table(title=title, head=("estimate", unit(found), "times the log"), rows=rows)


def _times(estimate: Estimate, naive: Estimate) -> str:
    if estimate.value is None or not naive.value:
        return UNDEFINED
    return f"{estimate.value / naive.value:.3f}"


def weights(found: Counterfactual) -> Table:
    """What the importance weights look like."""
    said = found.weights
    told = {
        "rows of the log": (count(said.rows), ""),
        "rows with a reward": (count(said.rewarded), share(said.rewarded, said.rows)),
        "effective sample size": (
            f"{said.effective_sample_size:,.0f}",
            share(round(said.effective_sample_size), said.rows),
        ),
        "mean weight": (f"{said.mean_weight:.3f}", "about 1" if found.kind == "policy" else ""),
        "largest weight": (rate(said.max_weight), ""),
        f"rows above the clip of {found.clip:g}": (
            count(said.clipped),
            share(said.clipped, said.rows),
        ),
        "weight of the heaviest 1 % of the rows": (
            UNDEFINED if said.top_share is None else f"{said.top_share:.1%}",
            "",
        ),
        "rows of weight 0": (count(said.zero_overlap), share(said.zero_overlap, said.rows)),
        "rows that the log never had seen": (count(said.unsupported), ""),
    }
    rows = tuple((Cell(name), Cell(*cells)) for name, cells in told.items())
    return Table(title="Importance weights", head=("what", "value"), rows=rows)


def definitions(found: Counterfactual) -> Table:
    """Where the probabilities come from, and how the intervals were made."""
    told = {"reward": found.reward, "the new one": found.new}
    if found.kind == "policy":
        told["weight of a row"] = f"{found.new} / {found.propensity}"
    else:
        was = found.propensity or "the curve at the logged position"
        told["weight of a document"] = f"the curve at its new position / {was}"
        told["curve"] = ", ".join(f"{one:.3g}" for one in found.curve) + (
            ", estimated from documents that were seen at several positions"
            if found.is_curve_estimated
            else ""
        )
    told["interval"] = "none was asked for" if not found.resamples else (
        f"{percent(found.confidence)} {'BCa' if found.method == 'bca' else found.method} bootstrap"
        f" over {found.per}s, {count(found.resamples)} resamples, seed {found.seed}"
    )  # fmt: skip
    told |= {one.name: READ_AS[one.name] for one in found.estimates}
    rows = tuple((Cell(name), Cell(rule)) for name, rule in told.items())
    title = "How the estimates are defined"
    return Table(title=title, head=("what", "rule"), rows=rows, prose=True)


def lines(found: Counterfactual) -> Iterator[str]:
    """Say the estimates and the weights as lines for a terminal."""
    width = max(len(one.name) for one in found.estimates)
    yield f"{unit(found)} that {found.new} would get:"
    for one in found.estimates:
        yield f"  {one.name:<{width}}  {rate(one.estimate.value)}{ends(one.estimate)}"
    yield f"  {weighed(found)}"
    yield from (f"  {warning}" for warning in found.warnings)


def ends(estimate: Estimate) -> str:
    """Format an interval, with a blank in front; nothing where there is none."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f" [{rate(estimate.low)}, {rate(estimate.high)}]"
