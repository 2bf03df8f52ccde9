"""What can be wrong with an exported model, or with the rows that it is to score."""

from ltr.errors import LtrError


class ExportedError(LtrError, ValueError):
    """A file is no exported model, or rows do not have what the model reads."""
