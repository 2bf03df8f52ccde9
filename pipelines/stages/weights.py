"""Weights of ids: what is wrong with those of a row."""

from collections.abc import Iterable

import polars as pl

from ltr.data.manifest import WEIGHTS

ODD_COUNT = "{} has not as many weights as ids"
ODD_WEIGHT = "a weight of {} is null, negative or not finite"


def weight_rules(columns: Iterable[str]) -> dict[str, pl.Expr]:
    """Return (reason to condition) for columns of ids that have weights, e.g. ``document/tags``.

    A null list is an empty one, of ids as of weights. A weight is written in 32 bits, and must be
    finite there.
    """
    rules: dict[str, pl.Expr] = {}
    for column in columns:
        name = column.partition("/")[2]
        lengths = [pl.col(one).list.len().fill_null(0) for one in (column, column + WEIGHTS)]
        rules[ODD_COUNT.format(name)] = lengths[0] != lengths[1]
        weight = pl.element().cast(pl.Float32)
        odd = weight.is_null() | ~weight.is_finite() | (weight < 0)
        rules[ODD_WEIGHT.format(name)] = (
            pl.col(column + WEIGHTS).list.eval(odd).list.any().fill_null(value=False)
        )
    return rules
