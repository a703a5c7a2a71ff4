"""HTTP/1.1 as a client reads it, and lines in its bodies: drivers/codecs/http1.py, json_lines.py."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.http1 import MOST_HEAD, Head, Response, basic, request
from drivers.codecs.json_lines import Lines

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
STREAM = CHUNKED + b'5;name="x"\r\n{"a":\r\n3\r\n1}\n\r\n0\r\nTrailer: yes\r\n\r\n'


def read(*pieces: bytes) -> tuple[list[Head], bytes, Response]:
    response = Response()
    parts = [part for piece in pieces for part in response.feed(piece)]
    heads = [part for part in parts if isinstance(part, Head)]
    return heads, b"".join(part for part in parts if isinstance(part, bytes)), response


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:stop] for start, stop in pairwise(edges)]


def test_a_request() -> None:
    sent = request(
        "PUT", "/api/v1/http-stream", {"Host": "r:8080", "Authorization": basic("root", "impinj")}, b"{}"
    )
    assert sent == (
        b"PUT /api/v1/http-stream HTTP/1.1\r\nHost: r:8080\r\nAuthorization: Basic cm9vdDppbXBpbmo=\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )
    assert request("POST", "/stop", {}) == b"POST /stop HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    assert request("GET", "/", {}) == b"GET / HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize(
    ("target", "value"), [("/a b", "x"), ("/a\r\nb", "x"), ("/", "x\r\nEvil: y"), ("/", "\0")]
)
def test_what_would_break_a_request(target: str, value: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in the head"):
        request("GET", target, {"Name": value})


def test_a_body_in_chunks() -> None:
    (head,), body, response = read(STREAM)
    assert (head.status, head.reason, head.headers) == (200, "OK", {"transfer-encoding": "Chunked"})
    assert body == b'{"a":1}\n'
    assert response.ended
    assert response.feed(b"more of it") == []
    response.close()
    assert response.error is None


def test_a_body_of_a_length_one_without_any_and_one_that_ends_with_the_connection() -> None:
    (head,), body, response = read(b"HTTP/1.0 404 Not  Found\nContent-Length: 2, 2\nX: 1\nX:2\n\n{}")
    assert (head.status, head.reason, head.headers["x"], body) == (404, "Not  Found", "1, 2", b"{}")
    assert response.ended
    for status in (b"204 No Content", b"304"):
        (head,), body, response = read(b"HTTP/1.1 " + status + b"\r\n\r\n")
        assert (body, response.ended) == (b"", True)
    heads, body, response = read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nall", b" of it")
    assert ([one.status for one in heads], body, response.ended) == ([200], b"all of it", False)
    response.close()
    assert response.ended
    assert response.error is None


def test_an_end_too_early() -> None:
    for data in (b"", STREAM[:-1], b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}"):
        *_, response = read(data)
        assert not response.ended
        response.close()
        assert "in the middle of an answer" in str(response.error)
        assert response.feed(b"x") == []


LONG = b"x" * (MOST_HEAD + 2)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "is no answer of a web server"),
        (b"HTTP/2 200\r\n", "is no answer of a web server"),
        (b"HTTP/1.1 20 OK\r\n", "is no answer of a web server"),
        (b"HTTP/1.1 200 OK\r\nno header\r\n", "is no header"),
        (b"HTTP/1.1 200 OK\r\nA: 1\r\n folded\r\n", "is no header"),
        (b"HTTP/1.1 200 OK\r\nA : 1\r\n", "is no header"),
        (b"HTTP/1.1 200 " + LONG, "a line of more than"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: 1234567890123\r\n" * 1200, "a line of more than"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", "the length '1, 2' of an answer is none"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "the length '-1' of an answer is none"),
        (b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "the length '' of an answer is none"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "was not asked for"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 17, "more than 16 interim answers"),
        (CHUNKED + b"x\r\n", "is no size of a chunk"),
        (CHUNKED + b"123456789\r\n", "is no size of a chunk"),
        (CHUNKED + b"0" * 300, "a line of more than 256 bytes"),
        (CHUNKED + b"1\r\nab\r\n", "a line of more than 0 bytes"),
        (CHUNKED + b"1\r\nab\n", "a chunk is longer than it said"),
    ],
)
def test_what_is_no_response(data: bytes, says: str) -> None:
    _, _, response = read(data)
    assert says in str(response.error)
    assert not response.ended
    before = response.error
    assert response.feed(STREAM) == []
    response.close()
    assert response.error is before


@given(st.lists(st.integers(0, 200), max_size=8), st.booleans())
def test_any_split_reads_the_same(places: Sequence[int], by_length: bool) -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" if by_length else STREAM
    heads, body, response = read(*cut(data, places))
    whole = read(data)
    assert (heads, body, response.ended) == (whole[0], whole[1], True)


@given(
    st.binary(max_size=200),
    st.lists(st.integers(0, 300), max_size=5),
    st.sampled_from([b"", CHUNKED, STREAM]),
)
def test_any_bytes(data: bytes, places: Sequence[int], before: bytes) -> None:
    whole, split = read(before + data), read(*cut(before + data, places))
    assert (whole[0], whole[1], whole[2].ended) == (split[0], split[1], split[2].ended)
    assert str(whole[2].error) == str(split[2].error)


def test_lines() -> None:
    lines = Lines(most=5)
    assert lines.feed(b'{"a"') == []
    assert lines.feed(b"\r\n\r\n  b ") == [b'{"a"', b""]
    assert lines.feed(b"\n") == [b"b"]
    assert lines.skipped == 0


def test_lines_that_are_too_long_are_read_over() -> None:
    lines = Lines(most=5)
    assert lines.feed(b"123456\nab\n1234567") == [b"ab"]
    assert lines.feed(b"89") == []
    assert lines.feed(b"0\ncd\n") == [b"cd"]
    assert lines.skipped == 6 + 10


@given(
    st.lists(st.sampled_from([b"\n", b"\r\n", b"ab", b"abcd", b"e"]), max_size=20).map(b"".join),
    st.lists(st.integers(0, 70), max_size=6),
)
def test_lines_in_any_split(data: bytes, places: Sequence[int]) -> None:
    """The oracle: Python's own split. Of the last line, which has no end yet, nothing is told."""
    *whole, rest = data.split(b"\n")
    lines = Lines(most=4)
    found = [line for piece in cut(data, places) for line in lines.feed(piece)]
    assert found == [line.strip() for line in whole if len(line) <= 4]
    assert lines.skipped == sum(len(line) for line in [*whole, rest] if len(line) > 4)
