"""Offline evaluation: how sure a number is, and whether one model beats another."""

from ltr.evaluation.intervals import Interval, difference_interval, mean_interval

__all__ = ["Interval", "difference_interval", "mean_interval"]
