"""What an answer means for the rows: taken, come again, an operator is needed, or one of them is refused."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from gateway.sinks.contract import Lost, Poisoned, Refused
from gateway.sinks.webhook.exchange import Answer

AGAIN = frozenset((408, 409, 425, 429))
"""409: a request with this idempotency key is still being worked on."""
POISONED = frozenset((400, 413, 422))
_REMEDIES = {
    401: "it does not accept our signature, or wants a name and a password; correct [webhook] secret or url",
    403: "it does not accept our signature, or forbids the address; correct [webhook] secret or url",
    404: "there is nothing at this address; correct [webhook] url",
    410: "the address is gone for good; correct [webhook] url, or remove the table",
}
LONGEST_WAIT = 300.0
"""Seconds that a receiver can put us off."""
_SAID = 200


def judge(answer: Answer, receiver: str, url: str, shown: bool) -> None:
    """Returns if the rows are taken. Raises Lost, Refused and Poisoned.

    receiver  what may be shown of the address
    url       the address, against which a redirection counts
    shown     paths may be shown: the address stands in the configuration file
    """
    status = answer.status
    said = f"{receiver} answered {status} {_clean(answer.reason)}".rstrip()
    if 200 <= status < 300:
        return
    if status in POISONED:
        text = _clean(answer.text)
        raise Poisoned(f"{said}: {text}" if text else said)
    if status in AGAIN or status >= 500 or status < 200:
        raise Lost(said)
    if status < 400:
        raise Refused(
            f"{said}; redirections are not followed: set url in [webhook] to {_where(answer, url, shown)}"
        )
    raise Refused(f"{said}: {_REMEDIES.get(status, 'it takes no such request; correct [webhook] url')}")


def wait(answer: Answer, now: int) -> float:
    """Seconds until it wants to be asked again (RFC 9110, section 10.2.3), at most LONGEST_WAIT; 0 if it says nothing.

    now  microseconds UTC
    """
    text = (answer.retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    when = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    seconds = (when - datetime.fromtimestamp(now / 1e6, UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _where(answer: Answer, url: str, shown: bool) -> str:
    """Without what may be a secret: names, passwords, queries."""
    if not answer.location:
        return "where it is now, which it does not tell"
    try:
        parts = urlsplit(urljoin(url, answer.location))
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "where it is now, which it tells in a way that is no URL"
    return f"{parts.scheme}://{host}{_clean(parts.path) if shown else '/...'}"


def _clean(text: str) -> str:
    """On one line, without control characters, not too long."""
    return " ".join("".join(one if one.isprintable() else " " for one in text[: 4 * _SAID]).split())[:_SAID]
