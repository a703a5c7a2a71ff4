"""What phones say over HTTP, as bytes, and the answers that they get."""

import json
from collections.abc import Mapping

from drivers.codecs.http1 import Head, Response, basic, request
from drivers.codecs.http_tracker import HttpSession
from drivers.codecs.tracker_session import Position, Report

NOW = 1_774_682_420_000_000
"""2026-03-28T07:20:20Z."""


def get(target: str, headers: Mapping[str, str] | None = None) -> bytes:
    """A question with a query."""
    return request("GET", target, headers or {})


def post(body: object, target: str = "/", headers: Mapping[str, str] | None = None) -> bytes:
    """JSON, or bytes as they are."""
    said = body if isinstance(body, bytes) else json.dumps(body).encode()
    return request("POST", target, headers or {}, said)


def who(user: str, password: str) -> dict[str, str]:
    """A login."""
    return {"Authorization": basic(user, password)}


def said(session: HttpSession, data: bytes) -> Report:
    """The one thing that these bytes say."""
    (report,) = session.receive(data, NOW)
    return report


def place(report: Report) -> tuple[Position, dict[str, object]]:
    """The one position in it, and its attributes."""
    (position,) = report.positions
    return position, json.loads(position.attributes or "{}")


def answered(data: bytes) -> tuple[Head, bytes]:
    """An answer, as a client reads it."""
    response = Response()
    head, *body = response.feed(data)
    assert isinstance(head, Head)
    assert response.ended
    return head, b"".join(one for one in body if isinstance(one, bytes))


def status(report: Report) -> int:
    """Of its answer."""
    return answered(report.answer)[0].status
