"""Why a hook was not told."""


class HookError(Exception):
    """A hook could not be told; the text never holds its address."""
