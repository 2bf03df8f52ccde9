"""Turn anything into JSON that every parser takes: one line, no secrets, no surprises."""

import json
import math
from collections.abc import Mapping, Set
from typing import Any

from pipelines.telemetry._secrets import redact

MAX_TEXT = 8_000
"""Characters of one text; collectors cut lines at 16 KiB, and a cut line is no JSON."""


def json_line(record: Mapping[str, Any]) -> str:
    """Write a record as one line of JSON, without the line's end.

    Infinities and NaN become null, lone surrogates a replacement character, objects their text.

    Example:
        >>> json_line({"event": "step_finished", "ndcg": float("nan"), "seconds": 1.5})
        '{"event": "step_finished", "ndcg": null, "seconds": 1.5}'
    """
    return json.dumps(plain(record), allow_nan=False)


def plain(value: Any) -> Any:  # noqa: ANN401 - whatever a caller may tell
    """Return the value made of dicts, lists, texts, numbers, booleans and None alone."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)  # an IntEnum is a number here
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(mode="json"))
    if isinstance(value, Mapping):
        return {_text(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | Set):
        return [plain(one) for one in value]
    if hasattr(value, "item") and not getattr(value, "shape", None):  # a scalar of numpy or torch
        return plain(value.item())
    return _text(value)


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a caller may tell
    try:
        text = value if isinstance(value, str) else str(value)
    except Exception:  # an object's own text may fail; a log must not
        text = f"<{type(value).__name__}>"
    if len(text) > MAX_TEXT:
        # What matters most of a long text, a traceback say, is how it ends. Secrets go before the
        # cut, which might go through one.
        text = f"… {redact(text)[-MAX_TEXT:]}"
    return redact(text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
