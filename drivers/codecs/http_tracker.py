"""Trackers that tell where they are by requests of HTTP: what a connection of them has in common, without I/O.

Each request is answered when what it tells is durable, in the order in which they came. Behind a proxy one connection may
carry the requests of many trackers, so who is not let in costs an answer, not the connection.
"""

import hmac
import re
from abc import ABC, abstractmethod
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

from drivers.codecs import http1, http1_server, tracker_decode
from drivers.codecs import json_values as values
from drivers.codecs.errors import Farewell, ProtocolError
from drivers.codecs.fix_values import counter_of
from drivers.codecs.http1_server import Asked, Refusal, Request, Requests
from drivers.codecs.json_values import Malformed
from drivers.codecs.notice import Notice
from drivers.codecs.tracker_messages import REFUSED
from drivers.codecs.tracker_session import Admits, Position, Report, everybody

FINE, WRONG, WHO, NOT_YOU, UNKNOWN, NOT_SO, NOT_THAT = 200, 400, 401, 403, 404, 405, 422
"""Statuses (RFC 9110, section 15)."""

MOST_VALUES = 100
"""Names with their values in a form."""

_LINE = re.compile(rb"[A-Z]{1,16} [!-~]+ HTTP/1\.")
_LEGAL = "/?&=%+,:;@!$'()*[]"
"""What stays as it is in a target, beside letters and digits (RFC 3986, section 3.4)."""
_CLOSED = "the tracker has nothing more to say on this connection"

Form = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request comes to: as a `Report` that is answered with this status and body."""

    status: int
    tracker: str = ""
    positions: Sequence[Position] = ()
    counts: Sequence[str] = ()
    body: bytes = b""
    notice: Notice | None = None


class HttpSession(ABC):
    """One connection; a `TrackerSession`.

    admits    who may deliver
    password  what everybody has to name (RFC 7617), whatever the user; None = nobody is asked
    tracker   who was heard last
    """

    methods: tuple[str, ...] = ("POST",)
    stranger: int = NOT_YOU
    """The status for one who may not deliver."""

    def __init__(self, admits: Admits = everybody, password: str | None = None) -> None:
        self.tracker = ""
        self.error: ProtocolError | None = None
        self._admits = admits
        self._password = password
        self._requests = Requests()

    @property
    def pending(self) -> int:
        """Bytes that are kept of a request that has begun."""
        return self._requests.pending

    def receive(self, data: bytes, now: int) -> list[Report]:
        """What the requests say that end in `data`, each with its answer."""
        return [self._report(said, now) for said in self._requests.feed(data)]

    @abstractmethod
    def understand(self, request: Request, now: int) -> Reply:
        """What a request says at the time `now`, microseconds UTC, if it may say so. Raises Malformed if nobody can tell
        whose it is."""

    def admit(self, tracker: str) -> Reply | None:
        """The refusal of one who may not deliver."""
        if not self._admits(tracker):
            return Reply(self.stranger, tracker, counts=REFUSED)
        self.tracker = tracker
        return None

    def _report(self, said: http1_server.Said, now: int) -> Report:
        if isinstance(said, Asked):
            return Report("", answer=http1_server.CONTINUE)
        if isinstance(said, Refusal):
            self.error = ProtocolError(said.text)
            answer = http1_server.response(said.status, last=True)
            return Report(self.tracker, answer=answer, counts=("malformed",))
        if said.last:
            self.error = Farewell(_CLOSED)
        return self._answered(said, now)

    def _answered(self, request: Request, now: int) -> Report:
        reply = self._reply(request, now)
        headers = {}
        if reply.status == WHO:
            headers["WWW-Authenticate"] = 'Basic realm="waypost"'
        elif reply.status == NOT_SO:
            headers["Allow"] = ", ".join(self.methods)
        answer = http1_server.response(reply.status, reply.body, request.last, headers)
        return Report(reply.tracker, reply.positions, answer=answer, counts=reply.counts, notice=reply.notice)

    def _reply(self, request: Request, now: int) -> Reply:
        if not self._may(request):
            return Reply(WHO, counts=("unauthorized",))
        if request.method not in self.methods:
            return Reply(NOT_SO, counts=("malformed",))
        try:
            return self.understand(request, now)
        except Malformed as error:
            return Reply(WRONG, counts=("malformed",), notice=nonsense("somebody", error))

    def _may(self, request: Request) -> bool:
        if self._password is None:
            return True
        return hmac.compare_digest(login(request)[1].encode(), self._password.encode())


def nonsense(who: str, error: Malformed) -> Notice:
    """What an operator should read of a request that makes no sense."""
    return Notice(counter_of(error), f"{who} says what cannot be understood: {error}")


def login(request: Request) -> tuple[str, str]:
    """User and password of a request (RFC 7617); empty where none is told."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = b64decode(told.strip(), validate=True).decode().partition(":")
    except ValueError:  # of Base64, of its UTF-8
        return "", ""
    return user, password


def query(target: str) -> Form:
    """The values behind the question mark of a request's target. Raises Malformed."""
    return form(target.partition("?")[2])


def form(text: str) -> Form:
    """Values by name, of a query or a form's body (application/x-www-form-urlencoded). Raises Malformed."""
    found: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_VALUES)
    except ValueError:
        raise Malformed(f"more than {MOST_VALUES} values stand in one form") from None
    for name, value in pairs:
        found.setdefault(name, []).append(value.strip())
    return found


def decode_lines(data: bytes, session: Callable[[], HttpSession]) -> Iterator[dict[str, object]]:
    """A recorded connection, or a request a line: a target with its query, or the body of a POST, which may also go over
    all lines. Positions have "lat"."""
    if is_connection(data):
        yield from _told(data, session())
        return
    for one in [data] if values.is_json(data) else data.splitlines():
        if one.strip():
            yield from _told(_request(one.strip()), session())


def is_connection(data: bytes) -> bool:
    """Does it begin with a request as it is sent?"""
    return _LINE.match(data.lstrip()) is not None


def _told(data: bytes, one: HttpSession) -> Iterator[dict[str, object]]:
    yield from tracker_decode.lines(one.receive(data, 0))
    if one.error is not None and not isinstance(one.error, Farewell):
        yield {"error": str(one.error)}
    elif one.error is None and one.pending:
        yield {"error": f"the last {one.pending} bytes are no whole message"}


def _request(line: bytes) -> bytes:
    """As if it had come by itself."""
    if line[:1] in (b"/", b"?"):
        return http1.request("GET", f"/{quote(line, _LEGAL).removeprefix('/')}", {})
    return http1.request("POST", "/", {}, line)
