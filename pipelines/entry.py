"""The console script: runs ``pipelines.cli``, or says which extra is not installed."""

import gc
import os
import sys

ALLOCATOR = "dirty_decay_ms:2000,muzzy_decay_ms:0"
"""How long polars' allocator (jemalloc) keeps what is freed before it goes back to the system."""


def main() -> int:
    """Run the command line of a process and return its exit code."""
    # Imports make objects by the hundred thousand, which all stay: to look through them time and
    # again, and once more at the exit, takes as long as the imports themselves.
    gc.set_threshold(100_000)
    # A step frees and takes large columns again and again: to have the system hand out and clear
    # their pages each time costs a twentieth of `ltr prepare`. It is read once, when polars is.
    os.environ.setdefault("_RJEM_MALLOC_CONF", ALLOCATOR)
    try:
        from pipelines.cli import main as run

        return run()
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package in ("ltr", "pipelines"):
            raise
        sys.stderr.write(
            f"ltr: error: {package} is not installed; the commands need the extras: "
            "pip install 'ltr[pipelines,cpu]' (README, \"Installing\")\n"
        )
        return 2
    finally:
        gc.freeze()


if __name__ == "__main__":
    sys.exit(main())
