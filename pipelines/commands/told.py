"""What a command prints when it is done."""

import textwrap

import typer


def tell(command: str, done: str) -> None:
    """Print the lines of what a command did, those after the first indented."""
    typer.echo(textwrap.indent(f"{command}: {done}", "  ").strip())
