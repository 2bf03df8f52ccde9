"""Metrics of one list whose documents stand in a known order, as plain loops over the formula.

Under ties the expectation is the mean over every order of the tied documents.
"""

import itertools
import math
from fractions import Fraction


def over_orders(metric, one, **arguments):
    """Mean of ``metric(grades, ...)`` over the orders that the scores of ``one`` allow.

    ``one`` is a list of (score, grade), NaN if the list is blank.
    """
    if not any(grade for _, grade in one):
        return math.nan
    groups = itertools.groupby(sorted(one, key=lambda doc: -doc[0]), key=lambda doc: doc[0])
    orders = itertools.product(*(list(itertools.permutations(list(g))) for _, g in groups))
    values = [
        metric([grade for part in order for _, grade in part], **arguments) for order in orders
    ]
    return math.fsum(values) / len(values)


def dcg(grades, k):
    return sum((2**y - 1) / math.log2(r + 1) for r, y in enumerate(grades[:k], start=1))


def ndcg(grades, k):
    return dcg(grades, k) / dcg(sorted(grades, reverse=True), k)


def precision(grades, k):
    return sum(y > 0 for y in grades[:k]) / (k or len(grades))


def recall(grades, k):
    return sum(y > 0 for y in grades[:k]) / sum(y > 0 for y in grades)


def hit_rate(grades, k):
    return float(any(grades[:k]))


def reciprocal_rank(grades, k):
    return next((1 / r for r, y in enumerate(grades[:k], start=1) if y), 0.0)


def average_precision(grades, k):
    found, total = 0, Fraction(0)
    for rank, grade in enumerate(grades[:k], start=1):
        found += grade > 0
        total += Fraction(found, rank) * (grade > 0)
    return float(total / sum(y > 0 for y in grades))


def expected_reciprocal_rank(grades, k):
    reads, value = 1.0, 0.0
    for rank, grade in enumerate(grades[:k], start=1):
        satisfied = (2**grade - 1) / 2**4
        value += reads * satisfied / rank
        reads *= 1 - satisfied
    return value


def rank_biased_precision(grades, k):
    return sum(0.2 * 0.8 ** (r - 1) for r, y in enumerate(grades[:k], start=1) if y)


def average_relevance_position(grades):
    return sum(r * y for r, y in enumerate(grades, start=1)) / sum(grades)
