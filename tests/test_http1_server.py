"""HTTP/1.1 as a server reads it: drivers/codecs/http1_server.py."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.http1 import Response, request
from drivers.codecs.http1_server import (
    CONTINUE,
    MOST_BODY,
    MOST_FIELDS,
    MOST_HEAD,
    Asked,
    Refusal,
    Request,
    Requests,
    Said,
    response,
)

CHUNKS = b"POST /in HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n"
STREAM = (
    b"GET /?id=1&lat=60.0 HTTP/1.1\r\nHost: a\r\n\r\n"
    + request("POST", "/pub", {"X-Limit-U": "jane"}, b'{"_type":"lwt"}')
    + CHUNKS
    + b"3;x\r\nid=\r\n1\r\n7\r\n0\r\nTrailer: yes\r\n\r\n"
    + b"\r\nGET /last HTTP/1.1\r\nConnection: Keep-Alive, Close\r\n\r\n"
)


def read(*pieces: bytes) -> tuple[list[Said], Requests]:
    requests = Requests()
    return [said for piece in pieces for said in requests.feed(piece)], requests


def one(data: bytes) -> Said:
    (said,), _ = read(data)
    return said


def test_several_on_one_connection() -> None:
    said, requests = read(STREAM)
    assert [(one.method, one.target, one.body, one.last) for one in said if isinstance(one, Request)] == [
        ("GET", "/?id=1&lat=60.0", b"", False),
        ("POST", "/pub", b'{"_type":"lwt"}', False),
        ("POST", "/in", b"id=7", False),
        ("GET", "/last", b"", True),
    ]
    assert requests.ended
    assert requests.pending == 0
    assert requests.feed(b"GET / HTTP/1.1\r\n\r\n") == []


def test_names_of_headers_have_no_case_and_one_may_stand_there_twice() -> None:
    said = one(b"GET / HTTP/1.1\nX-Limit-U:  jane \nA: 1\na: 2\n\n")
    assert isinstance(said, Request)
    assert said.headers == {"x-limit-u": "jane", "a": "1, 2"}


@pytest.mark.parametrize(
    ("head", "last"),
    [
        (b"GET / HTTP/1.1\r\n", False),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n", True),
        (b"GET / HTTP/1.0\r\n", True),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n", False),
    ],
)
def test_when_a_connection_ends(head: bytes, last: bool) -> None:
    said, requests = read(head + b"\r\n")
    assert [one.last for one in said if isinstance(one, Request)] == [last]
    assert requests.ended == last


def test_who_asks_before_he_sends_his_body() -> None:
    head = b"POST / HTTP/1.1\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n"
    requests = Requests()
    assert requests.feed(head) == [Asked()]
    assert requests.pending > 0
    (said,) = requests.feed(b"{}")
    assert isinstance(said, Request)
    assert said.body == b"{}"
    assert requests.pending == 0
    assert CONTINUE.startswith(b"HTTP/1.1 100 ")
    assert read(head.replace(b"1.1", b"1.0"))[0] == []


@pytest.mark.parametrize(
    ("data", "status", "text"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\n", 400, "is no request of HTTP/1.1"),
        (b"GET  / HTTP/1.1\r\n", 400, "is no request of HTTP/1.1"),
        (b"get / HTTP/1.1\r\n", 400, "is no request of HTTP/1.1"),
        (b"GET /\xff HTTP/1.1\r\n", 400, "is no request of HTTP/1.1"),
        (b"\r\n\r\n", 400, "is no request of HTTP/1.1"),
        (b"PRI * HTTP/2.0\r\n\r\n", 505, "another version"),
        (b"GET / HTTP/1.1\r\nno header\r\n", 400, "is no header of a request"),
        (b"GET / HTTP/1.1\r\nA: 1\r\n folded\r\n", 400, "is no header of a request"),
        (b"GET / HTTP/1.1\r\nA : 1\r\n", 400, "is no header of a request"),
        (b"GET /" + b"a" * MOST_HEAD, 431, f"a line of more than {MOST_HEAD} bytes"),
        (b"GET / HTTP/1.1\r\n" + b"A: 1\r\n" * (MOST_FIELDS + 1), 431, "more than 100 headers"),
        (b"GET / HTTP/1.1\r\n" + (b"A: " + b"1" * 300 + b"\r\n") * 30, 431, "a line of more than"),
        (b"POST / HTTP/1.1\r\nContent-Length: 24001\r\n\r\n", 413, "more than 24000 bytes"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\n", 400, "the length '1, 2' of a request is none"),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, "the length '-1' of a request is none"),
        (CHUNKS[:-2] + b"Content-Length: 3\r\n\r\n", 400, "comes in chunks as well"),
        (CHUNKS.replace(b"Chunked", b"gzip, chunked"), 501, "the transfer encoding 'gzip, chunked'"),
        (CHUNKS + b"x\r\n", 400, "is no size of a chunk"),
        (CHUNKS + b"1\r\nab\n", 400, "a chunk is longer than it said"),
        (CHUNKS + b"5DC1\r\n" + bytes(MOST_BODY + 1), 413, "more than 24000 bytes"),
    ],
)
def test_what_is_refused(data: bytes, status: int, text: str) -> None:
    said, requests = read(data, b"GET / HTTP/1.1\r\n\r\n")
    assert len(said) == 1
    assert isinstance(said[0], Refusal)
    assert said[0].status == status
    assert text in said[0].text
    assert requests.ended


def test_as_much_as_may_be() -> None:
    said = one(b"POST / HTTP/1.1\r\nContent-Length: 24000\r\n\r\n" + b"x" * MOST_BODY)
    assert isinstance(said, Request)
    assert len(said.body) == MOST_BODY


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 405, 413, 422, 431, 501, 505])
def test_an_answer_is_understood_by_our_own_client(status: int) -> None:
    client = Response()
    head, *body = client.feed(response(status, b"[]", last=True, headers={"Allow": "GET"}))
    assert not isinstance(head, bytes)
    assert (head.status, body, client.ended) == (status, [b"[]"], True)
    assert head.headers["connection"] == "close"
    assert head.headers["allow"] == "GET"
    assert response(200) == b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:stop] for start, stop in pairwise(edges)]


BITS = [STREAM[:45], STREAM[45:], CHUNKS, b"\r\n", b"0\r\n", b"1\r\nA", b"Content-Length: 2\r\n", b"GET / "]


@given(st.lists(st.sampled_from(BITS) | st.binary(max_size=8)).map(b"".join), st.lists(st.integers(0, 500)))
def test_any_bytes_in_any_split(data: bytes, places: list[int]) -> None:
    whole, requests = read(data)
    split, others = read(*cut(data, places))
    assert split == whole
    assert (others.ended, others.pending) == (requests.ended, requests.pending)
    assert requests.pending <= MOST_HEAD + MOST_BODY + 2
