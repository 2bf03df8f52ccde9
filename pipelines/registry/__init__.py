"""The models of a job: immutable versions, and one of them the champion, swapped atomically."""

from pipelines.registry.assemble import About
from pipelines.registry.journal import Promotion
from pipelines.registry.open_model import model_folder
from pipelines.registry.records import Lineage, LogFile
from pipelines.registry.registry import Registry
from pipelines.registry.version import Version

__all__ = ["About", "Lineage", "LogFile", "Promotion", "Registry", "Version", "model_folder"]
