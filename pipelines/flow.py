"""The whole order of ``prepare``: two tables of a log in; lists, rejects and an encoder out.

Every step but the joints between them maps a function over parts of the log, each of which fits the
memory; see ``pipelines.steps`` for the functions, ``pipelines.engines`` for who runs them. What is
known of the log as a whole is what the tasks' small records add up to.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from pipelines import joints
from pipelines.encoder import Encoder
from pipelines.spill.work import Work
from pipelines.steps.attribute import Attributed, Sent, attribute_events, count_sessions, send_keys
from pipelines.steps.fit import Fitted, fit
from pipelines.steps.grade import Graded, grade
from pipelines.steps.partition import Context, Part
from pipelines.steps.scatter import Scattered, scatter
from pipelines.steps.write import Written, write

if TYPE_CHECKING:
    from ltr.evaluation.propensities import Curve


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a log becomes; the files are in the work folder."""

    encoder: Encoder
    attributed: list[Attributed] | None
    written: list[Written]
    varying: dict[str, int]
    """Query features that differ within a list, and within how many."""
    audit: pl.DataFrame
    """Rows per rule, grade and day."""
    curve: "Curve | None"
    """Examination by position, where the job estimates it."""


def prepare(log: joints.Log, context: Context, work: Work, previous: Encoder | None) -> Prepared:
    """Make lists of a log; ids that the ``previous`` encoder knows keep their numbers.

    Raises:
        LogError: The log is not as the job file says, or nothing in it can be learned from.
    """
    job = context.job
    parts = [Part(context, number) for number in range(context.plan.partitions)]
    work.map("read", scatter, joints.stretches(log.impressions, context), Scattered)
    attributed = None
    if log.events:
        work.map("read events", scatter, joints.stretches(log.events, context), Scattered)
        work.map("match", send_keys, parts, Sent)
        attributed = work.map("attribute", attribute_events, parts, Attributed)
    if job.lists.max_per_session:
        work.map("sessions", count_sessions, parts, Sent)
    graded = work.map("grade", grade, parts, Graded)
    joints.refuse_unusable(graded, context)
    varying = joints.say_varying(graded, work.progress)
    audit = joints.say_audit(context, work.progress)
    parts = joints.with_cuts(parts, context)
    fitted = work.map("fit", fit, parts, Fitted)
    joints.refuse_hopeless(graded, fitted, context)
    encoder = joints.fit_encoder(context, previous)
    curve = joints.fit_curve(context, work.progress)
    written = work.map("write", write, parts, Written)
    return Prepared(encoder, attributed, written, varying, audit, curve)
