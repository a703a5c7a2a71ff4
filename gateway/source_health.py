"""How the devices behind an event were: their clocks, how long their records were on the way, and when nobody heard."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from core.events import Event, Gap, rfc3339
from core.offset import corrected
from core.records import SECOND, AntennaState, Down, Dropped, Idle, Input, Reads, Scan, Shift, Up
from core.site import Site
from gateway.reader import Reader
from gateway.tables import Filter


@dataclass(slots=True)
class Health:
    """Of one device between two times.

    offset  seconds that its configuration adds to its times
    delay   least and most seconds from a record's time to its arrival; None: no record
    turns   what happened to its link, its antennas and the gateway's clock, as sentences in order
    gaps    intervals in which it was not heard
    link    the last device_down or device_up before the decision, None if there was none
    """

    device: str
    offset: float
    delay: tuple[float, float] | None = None
    turns: list[str] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    link: Event | None = None


def health(
    journal: Reader, site: Site, devices: Iterable[str], inputs: Iterable[Input], since: int, until: int
) -> list[Health]:
    """Of the devices, from `since` to `until` (microseconds UTC), from the inputs that arrived about then.

    Raises JournalError.
    """
    wanted = dict.fromkeys(devices)
    found = {one.id: Health(one.id, one.offset) for one in site.sources if one.id in wanted}
    for input in inputs:
        if isinstance(input.body, Shift):
            for one in found.values():
                one.turns.append(
                    f"{rfc3339(input.arrival)} the gateway's clock was set by {input.body.by / SECOND} s"
                )
        elif input.source in found:
            _take(found[input.source], input)
    for _, gap in journal.gaps():
        if gap.source in found and gap.since <= until and gap.to >= since:
            found[gap.source].gaps.append(gap)
    for one in found.values():
        one.link = _link(journal, one.device, until)
    return list(found.values())


def _take(one: Health, input: Input) -> None:
    body = corrected(input.body, round(one.offset * SECOND))
    if isinstance(body, Reads | Scan):
        if isinstance(body, Reads) and not len(body):
            return
        newest = body.time if isinstance(body, Scan) else int(body.time.max())
        took = round((input.arrival - newest) / SECOND, 6)
        least, most = one.delay or (took, took)
        one.delay = min(least, took), max(most, took)
    turn = _turn(body)
    if turn is not None:
        one.turns.append(turn)


def _turn(body: object) -> str | None:
    match body:
        case Down(time=time, reason=reason):
            return f"{rfc3339(time)} lost: {reason}"
        case Up(time=time):
            return f"{rfc3339(time)} back"
        case AntennaState(time=time, port=port, connected=connected):
            return f"{rfc3339(time)} antenna {port or 'of any port'} {'connected' if connected else 'disconnected'}"
        case Dropped(time=time, since=since, reason=reason):
            return f"{rfc3339(since)} to {rfc3339(time)} records lost: {reason}"
        case Idle(time=time, idle=idle):
            return f"{rfc3339(time)} {'rests' if idle else 'reads again'}"
    return None


def _link(journal: Reader, device: str, until: int) -> Event | None:
    """The newer of its last device_down and device_up."""
    found = [
        next(
            (
                row
                for row in journal.events_back(Filter(kind=kind, until=until + 1))
                if row[1].source == device
            ),
            None,
        )
        for kind in ("device_down", "device_up")
    ]
    return max((row for row in found if row is not None), key=lambda row: row[0], default=(0, None))[1]
