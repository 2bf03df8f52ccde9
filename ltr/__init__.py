"""Learning to rank: lists, losses, metrics, towers and training.

Importing this package imports nothing heavy; name the part you use, e.g. ``from ltr.losses import
GradedHingeLoss``.
"""
