"""Messages as lines of text, as `mosquitto_sub -F %j` prints them: a JSON object with tst, topic, retain and payload.

What `waypost capture` writes; a payload that is no UTF-8 is base64, with "encoding": "base64" beside it.
"""

import json
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterator
from typing import TypeGuard

from core.events import rfc3339
from drivers.codecs import json_values as values
from drivers.codecs.json_values import Malformed
from drivers.codecs.message_session import Message


def recorded(message: Message) -> bytes:
    """The line, with its end."""
    told: dict[str, object] = {
        "tst": rfc3339(message.arrival),
        "topic": message.topic,
        "retain": int(message.retained),
    }
    try:
        told["payload"] = message.payload.decode()
    except UnicodeDecodeError:
        told |= {"payload": b64encode(message.payload).decode(), "encoding": "base64"}
    return json.dumps(told).encode() + b"\n"


def is_recorded(value: object) -> TypeGuard[dict[str, object]]:
    """Is this JSON value such a line, and no device's own message?"""
    return isinstance(value, dict) and {"topic", "payload"} <= value.keys()


def payload(value: dict[str, object]) -> bytes:
    """Of such a line; JSON that stands in it as it is (-F %J) is written out again. Raises Malformed."""
    found = value["payload"]
    if not isinstance(found, str):
        return json.dumps(found).encode()
    if value.get("encoding") != "base64":
        return found.encode("utf-8", errors="surrogatepass")
    try:
        return b64decode(found, validate=True)
    except (Error, ValueError):
        raise Malformed(f"payload {values.shown(found)} is no base64") from None


def messages(data: bytes) -> Iterator[Message]:
    """The messages of a recording, a line each. Raises Malformed at what is none."""
    for line in data.splitlines():
        value = values.parse(line)
        if not is_recorded(value):
            raise Malformed(f"{values.shown(value)} is no recorded message")
        yield Message(str(value["topic"]), payload(value), bool(value.get("retain")), _arrival(value))


def _arrival(value: dict[str, object]) -> int:
    """Microseconds UTC; 0 where it is not told. Mosquitto writes both Z and an offset."""
    time = value.get("tst")
    if time is None:
        return 0
    return values.rfc3339(
        time.replace("Z+", "+").replace("Z-", "-") if isinstance(time, str) else time, "tst"
    )
