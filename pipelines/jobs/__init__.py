"""The jobs behind the commands: a job file in, files out."""
