"""Texts of others, which may hold anything, as they can be printed."""


def shown(text: str) -> str:
    r"""Write a text from a log so that it stays on its line and cannot steer a terminal.

    Example:
        >>> print(shown("a\x1b[31mb\nc"))
        a\x1b[31mb\nc
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)
