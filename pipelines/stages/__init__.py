"""The stages of ``prepare``: pure functions on LazyFrames; ``flow.py`` shows their order."""
