"""Engines: what runs the tasks of a step, here or on a cluster.

An engine decides where a task runs and in which order, nothing else: a task reads files, leaves
files and returns a small record, so its result does not depend on the engine.
"""

from pipelines.engines._engine import Engine, EngineName, open_engine
from pipelines.engines._local import Local
from pipelines.engines._ray import on_ray

__all__ = ["Engine", "EngineName", "Local", "on_ray", "open_engine"]
