"""How the pages of the benchmarks write a time and a table."""


def ms(seconds: float) -> str:
    """Milliseconds with three digits or so."""
    value = seconds * 1e3
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f} ms"


def table(title: str, head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown under its title."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join([f"## {title}\n", *(f"| {' | '.join(line)} |" for line in lines), ""])
