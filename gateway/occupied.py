"""Two devices that want the same port, connection or topic: a port and a reader have room for one."""

import posixpath
from collections.abc import Iterator, Sequence
from urllib.parse import unquote, urlsplit

from drivers.base import Driver, Settings
from drivers.subscriber import Subscriber
from gateway.validation import Finding
from gateway.value_text import shown

_WEB = {"http": 80, "https": 443}
_FILES = ("serial", "input")
_LISTENING = ("listen", "udp")
_ANY = ("", "0.0.0.0", "::")
"""Listening at one of these takes the port at every address."""

Place = tuple[str, str, int]
"""What a url takes for itself: how it is reached, where, and at which port."""


def occupied(devices: Sequence[Settings]) -> Iterator[Finding]:
    """An error for each device that wants what one before it has; a warning for a topic that two are told of."""
    places: dict[Place, str] = {}
    topics: dict[tuple[str, str], str] = {}
    for number, device in enumerate(devices):
        url = getattr(device, "url", None)
        if isinstance(device, Driver) and isinstance(url, str) and not device.serves_many:
            place = place_of(url, device)
            other = next((name for one, name in places.items() if _same(one, place)), None)
            if other is not None:
                reason = f"{other} has it already, and it has room for one"
                yield Finding(
                    ("device", number, "url"), shown(url), reason, "Give each its own, or remove one"
                )
            places.setdefault(place, device.id)
        elif isinstance(device, Subscriber):
            topic = (device.broker, device.filters[0])
            if topic in topics:
                reason = f"{topics[topic]} has it too, and each message is taken for both"
                remedy = "Give each its own, unless they look at different things in it"
                yield Finding(("device", number, "topic"), shown(device.topic), reason, remedy, "warning")
            topics.setdefault(topic, device.id)


def place_of(url: str, device: Driver) -> Place:
    """How: serial, input, listen, udp, or connect. Where: a path without a port, else a host."""
    parts = urlsplit(url)
    if parts.scheme in _FILES:
        return parts.scheme, posixpath.normpath(unquote(parts.path)), 0
    plain, with_tls = device.usual_ports
    usual = _WEB.get(parts.scheme, with_tls if parts.scheme == "tls" else plain)
    how = parts.scheme if parts.scheme in _LISTENING else "connect"
    return how, (parts.hostname or "").rstrip("."), parts.port or usual


def _same(one: Place, other: Place) -> bool:
    (how, host, port), (other_how, other_host, other_port) = one, other
    if how == other_how and how in _LISTENING and port == other_port:
        return host == other_host or host in _ANY or other_host in _ANY
    return one == other
