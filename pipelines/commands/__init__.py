"""Commands of ``ltr`` with many options, each in a module of its own; ``pipelines.cli`` has all."""
