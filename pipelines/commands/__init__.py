"""The commands of ``ltr``: what each takes, and the job that it makes of it."""
