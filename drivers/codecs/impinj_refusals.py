"""Why an Impinj reader's web server does not do what it is asked, and what an operator can do about it."""

import json

from drivers.codecs import json_values as values
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.http1 import Head
from drivers.codecs.json_values import Malformed

OK, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 200, 401, 403, 404
_CROWDED = (409, 423, 429, 503)
_MOST_SAID = 4 << 10


def answered(head: Head, body: bytes) -> str:
    """An answer as errors show it, with what an ErrorResponse says."""
    status = f"{head.status} {head.reason}".strip()
    try:
        told = values.parse(body[:_MOST_SAID])
    except Malformed:
        return status
    found = told if isinstance(told, dict) else {}
    texts = [found[key] for key in ("message", "detail", "invalidPropertyId") if found.get(key)]
    shown = ", ".join(text if isinstance(text, str) else json.dumps(text) for text in texts)
    return f"{status}: {shown[:200]}" if shown else status


def stream_refused(head: Head, body: bytes, user: str) -> ProtocolError | Unsupported:
    """Why there is no stream."""
    answer = answered(head, body)
    if head.status in _CROWDED:
        return ProtocolError(
            f"the reader refuses another stream ({answer}); end the other client, or give each a user of its own"
        )
    return _wrong_settings(head, answer, user) or ProtocolError(
        f"the reader refuses its stream ({answer}); set its RFID interface to the Impinj IoT device interface"
    )


def refused(head: Head, body: bytes, user: str) -> ProtocolError | Unsupported:
    """Why a call that everything else needs was not done."""
    answer = answered(head, body)
    return _wrong_settings(head, answer, user) or ProtocolError(
        f"no Impinj IoT device interface answers there ({answer}); look at the url, and at the reader's firmware"
    )


def ended(user: str) -> ProtocolError:
    """Why a stream ends that was going well."""
    return ProtocolError(
        f"the reader closed its stream: another client reads it as {user!r}, or its events were taken too slowly; give"
        " each client a user of its own, and see that the network is not too slow"
    )


def _wrong_settings(head: Head, answer: str, user: str) -> Unsupported | None:
    if head.status == UNAUTHORIZED:
        return Unsupported(
            f"wrong user name or password for {user!r}; correct user and the secret behind password"
        )
    if head.status == FORBIDDEN:
        return Unsupported(f"{user!r} may not use the reader ({answer}); name a user who may")
    if 300 <= head.status < 400:
        place = head.headers.get("location", "another address")
        return Unsupported(
            f"the reader sends its clients to {place[:100]}; write that host, with https://, into url"
        )
    return None
