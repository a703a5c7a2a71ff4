"""READER_EVENT_NOTIFICATION to records (LLRP 1.1, reader event notifications)."""

from collections.abc import Callable, Iterator

from core.records import AntennaState, Body, Dropped, Gpi
from drivers.codecs.errors import ProtocolError
from drivers.codecs.llrp import Parameter
from drivers.codecs.llrp_sightings import LAST_TIME
from drivers.codecs.llrp_status import LONGEST
from drivers.codecs.notice import Notice

REFUSALS = {
    1: "it is connected to a client of its own choice (reader-initiated); end that connection at the reader",
    2: "another client is connected and it takes one at a time; close that one, or wait until the reader drops it",
    3: "it gave no reason; look at the reader's own log",
}
"""Why a reader did not accept the connection (ConnectionAttemptStatusType)."""


def stamp(data: Parameter) -> tuple[int, bool] | None:
    """When it happened by the reader's clock, microseconds, and whether that is its uptime."""
    for name, uptime in (("UTCTimestamp", False), ("Uptime", True)):
        one = data.first(name)
        if one is not None and one.number("microseconds") < LAST_TIME:
            return one.number("microseconds"), uptime
    return None


def accepted(data: Parameter) -> bool:
    """This is the event of an accepted connection. Raises ProtocolError if it is that of a refused one."""
    attempt = data.first("ConnectionAttemptEvent")
    if attempt is None:
        return False
    status = attempt.number("status")
    if status in REFUSALS:
        raise ProtocolError(f"the reader refused the connection: {REFUSALS[status]}")
    return status == 0


def records(data: Parameter, time: int, since: int) -> Iterator[Body | Notice]:
    """What happened at `time`; `since` is the time of the last read before it."""
    for event in data.children:
        if isinstance(event, Parameter) and event.name in _MEANINGS:
            yield _MEANINGS[event.name](event, time, since)


def _antenna(event: Parameter, time: int, since: int) -> AntennaState:
    return AntennaState(time, event.number("antenna_id"), event.number("type") == 1)


def _gpi(event: Parameter, time: int, since: int) -> Gpi:
    return Gpi(time, event.number("gpi_port"), bool(event.number("gpi_event")))


def _overflow(event: Parameter, time: int, since: int) -> Dropped:
    return Dropped(time, min(since, time), "the reader's report buffer overflowed")


def _filling(event: Parameter, time: int, since: int) -> Notice:
    return Notice(
        "buffer_warnings", f"the reader's report buffer is {event.number('percentage_full')} % full"
    )


def _exception(event: Parameter, time: int, since: int) -> Notice:
    text = " ".join(str(event.fields.get("message", "")).split())
    return Notice("reader_exceptions", f"the reader reports: {text[:LONGEST]}")


def _attempt(event: Parameter, time: int, since: int) -> Notice:
    return Notice("other_clients", "another client tried to connect to the reader")


_MEANINGS: dict[str, Callable[[Parameter, int, int], Body | Notice]] = {
    "AntennaEvent": _antenna,
    "GPIEvent": _gpi,
    "ReportBufferOverflowErrorEvent": _overflow,
    "ReportBufferLevelWarningEvent": _filling,
    "ReaderExceptionEvent": _exception,
    "ConnectionAttemptEvent": _attempt,
}
