"""Score with a model in one file: numpy and onnxruntime, no torch, torchrec or polars.

``docs/export.md`` says what is in the file.
"""

from ltr.exported.errors import ExportedError
from ltr.exported.model import Exported

__all__ = ["Exported", "ExportedError"]
