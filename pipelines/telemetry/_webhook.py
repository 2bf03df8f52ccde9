"""POST a body to an address that only the environment knows."""

import os
import threading
from typing import TYPE_CHECKING

from pipelines.telemetry._errors import HookError

if TYPE_CHECKING:
    import tenacity

    from pipelines.config import Notify

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 8.0
SLACK_S = 10.0
"""Beside all of the tries and pauses: for looking up a name, say."""
_AGAIN = frozenset({408, 425, 429})
"""Beside 5xx, what a server answers that may take the request later."""


class _WorthAnotherTryError(HookError):
    """The server could not be reached, or did not want the request now."""


def post(body: str, config: "Notify", *, key: str) -> None:
    """Send the body, again after a pause where the server is not ready, within a bounded time.

    Args:
        body: JSON.
        config: Where the address is, how long and how often to try.
        key: The same for requests that tell the same.

    Raises:
        HookError: It was not taken; the address is in no text and in no chained error.
    """
    name = str(config.url_env)
    url = os.environ.get(name, "").strip()
    if not url:
        msg = f"the environment variable {name} is not set"
        raise HookError(msg)
    if not url.startswith(("http://", "https://")):
        msg = f"what {name} holds is no address that begins with http:// or https://"
        raise HookError(msg)
    failures: list[str] = []
    # A timeout of HTTP is one of silence: a server that sends a byte now and then never meets it.
    # So the whole has a limit, too, and who is late is left behind.
    limit = config.attempts * (config.timeout + LONGEST_WAIT_S) + SLACK_S
    sender = threading.Thread(
        target=_send_again, args=(url, body, key, config, failures), daemon=True
    )
    sender.start()
    sender.join(limit)
    if sender.is_alive():
        msg = f"no answer of what {name} names within {limit:g} s"
        raise HookError(msg)
    if failures:
        msg = f"{failures[-1]} from what {name} names"
        raise HookError(msg)


def _send_again(url: str, body: str, key: str, config: "Notify", failures: list[str]) -> None:
    try:
        _tries(config.attempts)(_send, url, body, key, config.timeout)
    except _WorthAnotherTryError as error:
        failures.append(f"{error} (tries: {config.attempts})")
    except Exception as error:  # in a thread, nobody else would hear of it
        failures.append(str(error) if isinstance(error, HookError) else type(error).__name__)


def _tries(number: int) -> "tenacity.Retrying":
    import tenacity

    pause = tenacity.wait_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S)
    return tenacity.Retrying(
        stop=tenacity.stop_after_attempt(number),
        # Many jobs may have lost the same server at the same moment.
        wait=pause + tenacity.wait_random(0, FIRST_WAIT_S),
        retry=tenacity.retry_if_exception_type(_WorthAnotherTryError),
        reraise=True,
    )


def _send(url: str, body: str, key: str, timeout: float) -> None:
    import httpx

    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    try:
        # What the server says beside the status is not read: it may be long.
        with httpx.stream("POST", url, content=body, headers=headers, timeout=timeout) as answer:
            code = answer.status_code
    except httpx.TimeoutException:
        msg = f"no answer within {timeout:g} s"
        raise _WorthAnotherTryError(msg) from None
    except (httpx.TransportError, httpx.InvalidURL) as error:
        # Its text may hold the address.
        msg = f"no connection ({type(error).__name__})"
        kind = HookError if isinstance(error, httpx.InvalidURL) else _WorthAnotherTryError
        raise kind(msg) from None
    if code in _AGAIN or code >= 500:
        msg = f"HTTP {code}"
        raise _WorthAnotherTryError(msg)
    if not 200 <= code < 300:
        msg = f"HTTP {code}, which is not tried again"
        raise HookError(msg)
