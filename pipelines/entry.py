"""The console script: runs ``pipelines.cli``, or says which extra is not installed."""

import sys


def main() -> int:
    """Run the command line and return the exit code."""
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


if __name__ == "__main__":
    sys.exit(main())
