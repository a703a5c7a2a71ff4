"""OwnTracks over HTTP (booklet, "HTTP mode"): a connection of phones that post what they would publish on a broker."""

from collections.abc import Iterator

from drivers.codecs import fix_message_decode, fix_values, http_tracker, owntracks
from drivers.codecs.http1_server import Request
from drivers.codecs.http_tracker import FINE, NOT_THAT, HttpSession, Reply, login, nonsense, query
from drivers.codecs.json_values import Malformed
from drivers.codecs.notice import Notice
from drivers.codecs.owntracks import Heard

PORT = 8083

_NOTHING = b"[]"
"""What a phone is told: no commands, no cards."""


class Session(HttpSession):
    """One TCP connection."""

    def understand(self, request: Request, now: int) -> Reply:
        heard = owntracks.opened(request.body)
        tracker = fix_values.tracker(_speaker(request, heard))
        return self.admit(tracker) or _told(tracker, heard)


def _told(tracker: str, heard: Heard) -> Reply:
    """What a phone that may deliver has said."""
    if heard.kind == owntracks.ENCRYPTED:  # not acknowledged: nothing of it will be in the journal
        return Reply(NOT_THAT, tracker, counts=("encrypted",), notice=Notice("encrypted", owntracks.SECRET))
    if heard.kind not in owntracks.POSITIONS:
        name = "regions" if heard.kind in owntracks.REGIONS else "other"
        return Reply(FINE, tracker, counts=(name,), body=_NOTHING)
    try:
        position, left_out = owntracks.position(heard)
    except Malformed as error:
        notice = nonsense(f"tracker:{tracker}", error)
        return Reply(FINE, tracker, counts=(notice.name,), body=_NOTHING, notice=notice)
    positions = [] if position is None else [position]
    return Reply(FINE, tracker, positions, left_out, _NOTHING)


def decode_lines(data: bytes) -> Iterator[dict[str, object]]:
    """A recorded connection; or messages, as those on a broker."""
    if http_tracker.is_connection(data):
        return http_tracker.decode_lines(data, Session)
    return fix_message_decode.decode_lines(data, owntracks.described)


def _speaker(request: Request, heard: Heard) -> str:
    """user/device: what a proxy or the app says in headers or the query, else the login, else the topic in the message.

    All phones share one password, so that nothing of this proves who it is.
    """
    told = query(request.target)
    user, _, device = owntracks.speaker("", heard).rpartition("/")
    user = request.headers.get("x-limit-u") or told.get("u", ("",))[0] or login(request)[0] or user
    device = request.headers.get("x-limit-d") or told.get("d", ("",))[0] or device
    return f"{user}/{device}".strip("/")
