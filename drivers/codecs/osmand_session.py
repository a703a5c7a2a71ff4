"""A connection on which phones tell their positions by OsmAnd's protocol."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from drivers.codecs import fix_values, http_tracker, osmand
from drivers.codecs import json_values as values
from drivers.codecs.http1_server import Request
from drivers.codecs.http_tracker import FINE, UNKNOWN, Form, HttpSession, Reply, form, nonsense, query
from drivers.codecs.json_values import Malformed
from drivers.codecs.notice import Notice
from drivers.codecs.tracker_session import Position

PORT = 5055

_IDS = ("id", "deviceid", "device_id")

Reading = Callable[[], tuple[Position | None, Sequence[str]]]


class Session(HttpSession):
    """One TCP connection. What can not be is counted, and answered as the rest: it would be no other if it came again."""

    methods = ("GET", "POST")
    stranger = UNKNOWN

    def understand(self, request: Request, now: int) -> Reply:
        told = query(request.target)
        body: dict[str, object] = {}
        if request.body.lstrip()[:1] == b"{":
            (body,) = values.objects(values.parse(request.body))
        else:
            told = {**form(request.body.decode(errors="replace")), **told}
        tracker = _named(told, body)
        return self.admit(tracker) or _reply(tracker, _readings(told, body, now))


def decode_lines(data: bytes) -> Iterator[dict[str, object]]:
    """A recorded connection; or a line for each request, as `/?id=7&lat=53.8&lon=-1.55` or the JSON of a body."""
    return http_tracker.decode_lines(data, Session)


def _named(told: Form, body: Mapping[str, object]) -> str:
    """Whose request that is. Raises Malformed if it names nobody."""
    for name in _IDS:
        found = body.get(name) or told.get(name, ("",))[0]
        if found:
            return fix_values.tracker(found)
    raise Malformed("it names no device")


def _readings(told: Form, body: Mapping[str, object], now: int) -> Iterator[Reading]:
    if not body:
        yield partial(osmand.of_form, told, now)
        return
    for one in osmand.locations(body.get("location")):
        yield partial(osmand.of_json, one, now)


def _reply(tracker: str, readings: Iterator[Reading]) -> Reply:
    positions: list[Position] = []
    counts: list[str] = []
    notice: Notice | None = None
    while True:
        try:
            reading = next(readings, None)
            if reading is None:
                return Reply(FINE, tracker, positions, counts, notice=notice)
            position, left_out = reading()
        except Malformed as error:
            notice = nonsense(f"tracker:{tracker}", error)
            counts.append(notice.name)
            continue
        counts += left_out
        if position is not None:
            positions.append(position)
