"""Open a log lazily: files of many formats, Delta tables, object stores, a window of days."""

from pipelines.sources._file import LogFile, reading
from pipelines.sources._formats import SUFFIXES, format_of
from pipelines.sources._letor import Letor, read_letor
from pipelines.sources._objects import address_of, objects
from pipelines.sources._open import Opened, open_events, open_log, open_path, scan, scan_rows
from pipelines.sources._trec import scan_qrels, scan_run
from pipelines.sources._url import is_url
from pipelines.sources._window import Window

__all__ = [
    "SUFFIXES",
    "Letor",
    "LogFile",
    "Opened",
    "Window",
    "address_of",
    "format_of",
    "is_url",
    "objects",
    "open_events",
    "open_log",
    "open_path",
    "read_letor",
    "reading",
    "scan",
    "scan_qrels",
    "scan_rows",
    "scan_run",
]
