"""The first steps of an LLRP connection as scripts: greeting, capabilities, configuration, antennas."""

from collections.abc import Callable

from core.records import SECOND
from drivers.codecs.errors import ProtocolError
from drivers.codecs.llrp_capabilities import Capabilities, capabilities
from drivers.codecs.llrp_dialogue import ANSWER_SECONDS, Dialogue, Script, Wait
from drivers.codecs.llrp_events import accepted, stamp
from drivers.codecs.llrp_setup import Reading, reader_config
from drivers.codecs.llrp_status import failure
from drivers.codecs.reader_clock import ReaderClock

_ALL_CAPABILITIES = 0
_ANTENNA_PROPERTIES = 2
_NEEDED = ("KeepaliveSpec", "GPIPortCurrentState")
"""Without keepalives its silence would mean nothing, and inputs are only switched on where settings name them."""


def greeted(talk: Dialogue, clock: ReaderClock, now: Callable[[], int]) -> Script[None]:
    """The reader speaks first: it accepts the connection, and its clock is known from then on."""
    while True:
        event = yield Wait(("READER_EVENT_NOTIFICATION",), ANSWER_SECONDS)
        if event is None:
            raise ProtocolError(
                f"no connection event within {ANSWER_SECONDS:g} s; is LLRP switched on at the reader, and this its port?"
            )
        data = event.first("ReaderEventNotificationData")
        if data is not None and accepted(data):
            break
    talk.version = event.version
    when = stamp(data)
    if when is not None:
        clock.connected(when[0], now(), uptime=when[1])


def introduced(talk: Dialogue, clock: ReaderClock) -> Script[Capabilities]:
    """What the reader can do."""
    asked = talk.at
    answer = yield from talk.request("GET_READER_CAPABILITIES", {"requested_data": _ALL_CAPABILITIES})
    clock.answered(round((talk.at - asked) * SECOND))
    return capabilities(answer)


def extended(talk: Dialogue, reader: Capabilities) -> Script[bool]:
    """Impinj's extensions are on. Nobody else is asked: some close the connection on a message that they do not know."""
    return reader.impinj and failure((yield from talk.ask("IMPINJ_ENABLE_EXTENSIONS"))) is None


def configured(talk: Dialogue, reading: Reading, reader: Capabilities) -> Script[str | None]:
    """Keepalives and events on, reports held while we are away; the answer tells what the reader refused of it, and why.

    A reader that refuses the whole is asked for each part. Raises ProtocolError if it refuses what cannot be missed.
    """
    parts = reader_config(reading, reader)
    why = failure((yield from talk.ask("SET_READER_CONFIG", {}, parts)))
    refused = []
    for part in parts if why is not None else ():
        if failure((yield from talk.ask("SET_READER_CONFIG", {}, (part,)))) is not None:
            if part.name in _NEEDED:
                raise ProtocolError(f"the reader refused SET_READER_CONFIG: {why}")
            refused.append(part.name)
    return f"{', '.join(refused)}: {why}" if refused else None


def antennas(talk: Dialogue) -> Script[dict[int, bool]]:
    """Which ports have an antenna, as far as the reader tells."""
    answer = yield from talk.ask("GET_READER_CONFIG", {"requested_data": _ANTENNA_PROPERTIES})
    return {
        one.number("antenna_id"): bool(one.number("antenna_connected"))
        for one in answer.every("AntennaProperties")
    }
