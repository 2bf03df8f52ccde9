"""The base of every error that data, not code, is to blame for."""


class LtrError(Exception):
    """Something that was given is wrong; the text is one line that says what, where and how.

    ``ltr.data.manifest.ListsError``, ``ltr.training.ModelError``, ``ltr.training.NonFiniteError``
    and ``pipelines.errors.JobError`` are such errors.
    """
