"""Numbers and rules as a person reads them. A minus is U+2212, an undefined number a dash."""

from dataclasses import dataclass
from typing import Literal

from pipelines.report.parts import Estimate
from pipelines.report.record import Report, Rules

UNDEFINED = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
NARROW = "\N{NARROW NO-BREAK SPACE}"

LOGGED_ORDER_NOTE = (
    "Logged order is a strong baseline when grades come from clicks made under it: people click"
    " what is shown first, so the order that was shown partly wrote the grades it is measured"
    " with. A new order gets no credit for good documents that were shown too low to be seen."
)
"""Why logged order is hard to beat on its own clicks; for ``Report.notes``."""


def number(value: float | None, digits: int = 3) -> str:
    """Format a number to fixed digits.

    Example:
        >>> number(0.64321), number(None), number(-0.0001)
        ('0.643', '–', '0.000')
    """
    if value is None:
        return UNDEFINED
    text = f"{value:.{digits}f}".replace("-", MINUS)
    return text.removeprefix(MINUS) if round(value, digits) == 0 else text


def signed(value: float | None) -> str:
    """Format a difference, its sign always said: digits are added until it is seen.

    Example:
        >>> signed(0.0213), signed(-0.0213), signed(-0.0004), signed(0.0)
        ('+0.021', '−0.021', '−0.0004', '0.000')
    """
    if value is None:
        return UNDEFINED
    digits = next((digits for digits in range(3, 7) if round(value, digits)), 3)
    text = number(value, digits)
    return f"+{text}" if round(value, digits) > 0 else text


def rate(value: float | None) -> str:
    """Format a number that may be small, such as a click rate, to four digits that count.

    Example:
        >>> rate(0.0045532), rate(1.5), rate(-0.00001), rate(None)
        ('0.004553', '1.5', '−1e−05', '–')
    """
    return UNDEFINED if value is None else f"{value:.4g}".replace("-", MINUS)


def interval(estimate: Estimate, *, sign: bool = False) -> str:
    """Format the two ends, or say that there are none."""
    if estimate.low is None or estimate.high is None:
        return "[no interval]"
    form = signed if sign else number
    return f"[{form(estimate.low)}, {form(estimate.high)}]"


def short(name: str, most: int = 24) -> str:
    """Cut a name to what fits into a picture; tables have it whole.

    Example:
        >>> short("logged order"), short("a name that somebody made too long")
        ('logged order', 'a name that somebody mad…')
    """
    return name if len(name) <= most + 1 else f"{name[:most]}…"


def count(value: int) -> str:
    """Format a count, thousands apart."""
    return f"{value:,}"


def share(part: int, whole: int) -> str:
    """Format a share in percent.

    Example:
        >>> share(1, 8), share(0, 0)
        ('12.5\u202f%', '–')
    """
    return f"{100 * part / whole:.1f}{NARROW}%" if whole else UNDEFINED


def percent(confidence: float) -> str:
    """Format a confidence: 0.95 is "95 %"."""
    return f"{100 * confidence:g}{NARROW}%"


def gain(rules: Rules) -> str:
    """Say the gain as a formula or a table."""
    if isinstance(rules.gain, str):
        return {"exp2": f"2^grade {MINUS} 1", "linear": "grade"}[rules.gain]
    return ", ".join(f"grade {grade}: {value:g}" for grade, value in enumerate(rules.gain))


def unbiased(rules: Rules) -> str:
    """Say, after the gain, that it is divided by the propensity; nothing where it is not."""
    return " / propensity" if rules.unbiased else ""


def blank_policy(rules: Rules) -> str:
    """Say what a list without a relevant document counts as."""
    return {"skip": "left out", "zero": "counted as 0", "one": "counted as 1"}[rules.blank]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the headline comparison amounts to.

    Attributes:
        kind: "better", "worse", "unclear" or "undefined".
        sentence: The same in plain words.
    """

    kind: Literal["better", "worse", "unclear", "undefined"]
    sentence: str

    @property
    def sign(self) -> str:
        """A shape for each kind, so that colour is not the only difference."""
        return {"better": "▲", "worse": "▼", "unclear": "◆", "undefined": "○"}[self.kind]


def headline(report: Report) -> str:
    """Say the main result in one line: the model's NDCG and its difference to the best baseline."""
    best = report.headline
    ours = report.model.ndcg[best.cutoff]
    if ours.value is None:
        return f"{report.model.name.capitalize()} NDCG@{best.cutoff} is undefined"
    return (
        f"{report.model.name.capitalize()} NDCG@{best.cutoff} {number(ours.value)} {interval(ours)}"
        f", {signed(best.estimate.value)} {interval(best.estimate, sign=True)}"
        f" {preposition(report)} {best.baseline}"
    )


def preposition(report: Report) -> str:
    """Join a difference to its baseline: +0.02 *over* it, but -0.02 *against* it."""
    return "over" if (report.headline.estimate.value or 0) > 0 else "against"


def verdict(report: Report) -> Verdict:
    """Judge the paired difference at the headline cutoff by its interval alone."""
    best = report.headline
    return judge(best.estimate, best.baseline, report.rules.confidence)


def judge(
    difference: Estimate, baseline: str, confidence: float, *, lower_is_better: bool = False
) -> Verdict:
    """Judge a paired difference to ``baseline`` by its interval alone."""
    low, high = difference.low, difference.high
    if low is None or high is None:
        return Verdict(kind="undefined", sentence=_too_few(difference.lists))
    interval_of = f"{percent(confidence)} interval of the paired difference"
    if low > 0 or high < 0:
        kind: Literal["better", "worse"] = "better" if (low > 0) != lower_is_better else "worse"
        side = "above" if low > 0 else "below"
        sentence = f"{kind.capitalize()} than {baseline}: the whole {interval_of} lies {side} zero."
        return Verdict(kind=kind, sentence=sentence)
    sentence = (
        f"Not distinguishable from {baseline}: the {interval_of} includes zero, so these"
        f" {count(difference.lists)} lists do not tell which of the two ranks better."
    )
    return Verdict(kind="unclear", sentence=sentence)


def _too_few(lists: int) -> str:
    if lists == 0:
        return (
            "Undefined: no held-out list has a relevant document, so there is nothing to compare."
        )
    if lists > 1:
        return "Undecided: no interval was asked for, so chance may explain the difference."
    return "Undefined: a single held-out list counts, and one list says nothing about others."


def rules_line(report: Report) -> str:
    """Say every rule behind the headline in one line."""
    rules, ours = report.rules, report.model.ndcg[report.rules.headline_cutoff]
    total = ours.lists + (ours.blank if rules.blank == "skip" else 0)
    return (
        f"Gain {gain(rules)}{unbiased(rules)}; tied scores {rules.ties};"
        f" {count(ours.blank)} of {count(total)} held-out lists have no relevant document and are"
        f" {blank_policy(rules)};"
        f" {percent(rules.confidence)} percentile bootstrap over lists,"
        f" {count(rules.resamples)} resamples, seed {rules.seed}."
    )
