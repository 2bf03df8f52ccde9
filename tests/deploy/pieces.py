"""Stand-ins for what the pieces of deploy/ start."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"

STUB = """#!/bin/sh
echo "$@" > "$LTR_STUB/arguments"
[ -z "${LTR_STUB_SLEEPS:-}" ] || {
    trap 'echo told > "$LTR_STUB/signal"; sleep 0.2; exit "$LTR_STUB_CODE"' TERM
    echo begun > "$LTR_STUB/begun"
    sleep 30 &
    wait $!
}
exit "$LTR_STUB_CODE"
"""


def stub_ltr(folder: Path, code: int, *, sleeps: bool = False) -> dict[str, str]:
    """Make an ``ltr`` that ends with a code, and the environment in which it is found."""
    program = folder / "bin" / "ltr"
    program.parent.mkdir(exist_ok=True)
    program.write_text(STUB)
    program.chmod(0o755)
    path = f"{program.parent}:/usr/local/bin:/usr/bin:/bin"
    made = {"PATH": path, "LTR_STUB": str(folder), "LTR_STUB_CODE": str(code)}
    return {**made, "LTR_STUB_SLEEPS": "yes"} if sleeps else made


def arguments(folder: Path) -> list[str]:
    """What the stub was called with."""
    return (folder / "arguments").read_text().split()
