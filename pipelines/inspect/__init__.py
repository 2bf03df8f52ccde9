"""Look at lists on disk: profile a folder, read one list, compare two folders."""

from pipelines.inspect.drift import Finding, compare
from pipelines.inspect.one_list import OneList, find_lists
from pipelines.inspect.profile import Profile, profile

__all__ = ["Finding", "OneList", "Profile", "compare", "find_lists", "profile"]
