"""The nightly job: prepare, train, compare, decide, promote, score and report, unattended."""
