"""Jobs on logs: the only place that opens log files."""
