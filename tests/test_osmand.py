"""OsmAnd's protocol: published requests to the stated values, what makes no sense, any bytes in any split."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Flag
from drivers.codecs.errors import Farewell
from drivers.codecs.http1_server import CONTINUE
from drivers.codecs.http_tracker import MOST_VALUES
from drivers.codecs.osmand_session import Session, decode_lines
from drivers.codecs.tracker_session import Report
from tests.phone import NOW, answered, get, place, post, said, status, who

DATA = Path(__file__).parent / "data" / "osmand"
QUERIES = (DATA / "queries.log").read_text().split()
MOVING, STILL = (json.loads(line) for line in (DATA / "bodies.jsonl").read_text().splitlines())
SUMMER = 1_377_177_267_000_000
"""2013-08-22T13:14:27Z."""


def told(data: bytes) -> Report:
    return said(Session(), data)


def test_the_published_request() -> None:
    report = told(get(QUERIES[0]))
    position, kept = place(report)
    assert report.tracker == "123456"
    assert position[:6] == (SUMMER, 60.0, 30.0, 0.0, 0.0, 0.0)
    assert math.isnan(position.accuracy), "an HDOP of 0 is none"
    assert (position.satellites, position.flags) == (-1, Flag.VALID)
    assert kept == {"battery_percent": 87}
    assert report.answer == b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_every_value_with_its_unit() -> None:
    position, kept = place(told(post(b"", QUERIES[1])))
    assert (position.time, position.lat, position.lon) == (SUMMER + 123_000, 60.5, -30.25)
    assert (position.alt, position.course) == (61, 271.5)
    assert position.speed == pytest.approx(5.14444)
    assert position.accuracy == pytest.approx(0.9 * 15 / 2.45)
    assert kept == {"driver": 7, "event": "sos", "hdop": 0.9, "charging": True}
    position, kept = place(told(post(QUERIES[2][2:].encode())))
    assert (position.time, position.lat) == (SUMMER, -60)
    assert position.accuracy == pytest.approx(10.0)
    assert kept == {
        "cell": "234,15,10365,8120",
        "wifi": "aa-bb-cc-dd-ee-ff,-60 00-11-22-33-44-55,-71",
    }
    position, _ = place(told(get(QUERIES[3])))
    assert (position.time, position.flags) == (SUMMER, 0)


def test_json() -> None:
    report = told(post(MOVING))
    position, kept = place(report)
    assert report.tracker == "48241179"
    assert position[:6] == (1_749_995_112_862_000, 51.5007, -0.1246, 61.5, 10.0, 271.5)
    assert position.accuracy == pytest.approx(10.0)
    assert kept == {
        "job": 17,
        "battery_percent": 87,
        "charging": True,
        "odometer_m": 1234.5,
        "movement": True,
        "event": "motionchange",
        "activity": "in_vehicle",
        "mock": True,
    }
    position, kept = place(told(post(STILL)))
    assert all(map(math.isnan, (position.speed, position.course, position.accuracy)))
    assert kept == {"charging": False, "odometer_m": 0, "movement": False, "activity": "still"}


def test_what_an_app_adds_stays_unless_it_has_a_meaning() -> None:
    own = {"event": "shift", "charging": 1, "odometer_m": 7}
    location = MOVING["location"] | {"extras": own, "event": None, "odometer": None}
    _, kept = place(told(post({"device_id": 7, "location": location})))
    assert (kept["event"], kept["odometer_m"], kept["charging"]) == ("shift", 7, True)
    _, kept = place(told(get("/?id=1&lat=1&lon=2&odometer_m=7&hdop=0")))
    assert kept == {"odometer_m": 7}


def test_several_positions_in_one_body_and_one_of_them_makes_no_sense() -> None:
    wrong = {"coords": {"latitude": 91, "longitude": 0}}
    report = told(post({"device_id": 7, "location": [MOVING["location"], wrong, STILL["location"]]}))
    assert [one.alt for one in report.positions] == [61.5, 0.0]
    assert report.counts == ["out_of_range"]
    assert report.notice is not None
    assert "tracker:7 says what cannot be understood: lat 91 is no position" in report.notice.text
    assert status(report) == 200


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1377177267", SUMMER),
        ("1377177267.5", SUMMER + 500_000),
        ("2147483647", 2_147_483_647_000_000),
        ("2147483648", 2_147_483_648_000),
        ("1377177267123", SUMMER + 123_000),
        ("2013-08-22T13:14:27Z", SUMMER),
        ("2013-08-22T13:14:27.5Z", SUMMER + 500_000),
        ("2013-08-22T15:14:27+02:00", SUMMER),
        ("2013-08-22T15:14:27%2B0200", SUMMER),
        ("2013-08-22T13:14:27", SUMMER),
        ("2013-08-22%2013:14:27", SUMMER),
        ("2013-08-22+13:14:27", SUMMER),
        ("", NOW),
    ],
)
def test_times(text: str, time: int) -> None:
    assert place(told(get(f"/?id=1&lat=1&lon=2&timestamp={text}")))[0].time == time


@pytest.mark.parametrize(
    "text", ["-1", "nan", "soon", "2013-13-22 13:14:27", "9" * 30, "2013-08-22T1:2:3 99:99"]
)
def test_what_is_no_time(text: str) -> None:
    report = told(get(f"/?id=1&lat=1&lon=2&timestamp={text}".replace(" ", "%20")))
    assert (report.positions, report.counts, status(report)) == ([], ["impossible_date"], 200)


@pytest.mark.parametrize(
    "request_",
    [
        get("/?id=1"),
        get("/?deviceid=1&batt=12&lat=&lon="),
        post({"device_id": "1"}),
        post({"location": {}, "id": 1}),
    ],
)
def test_without_a_position_it_is_a_sign_of_life(request_: bytes) -> None:
    report = told(request_)
    assert (report.tracker, report.positions, list(report.counts), status(report)) == ("1", [], [], 200)


@pytest.mark.parametrize(
    ("query", "counts", "places"),
    [
        ("lat=91&lon=0", ["out_of_range"], 0),
        ("lat=0&lon=-180.1", ["out_of_range"], 0),
        ("lat=0&lon=0", ["zero_position"], 1),
        ("lat=1", ["malformed"], 0),
        ("lat=north&lon=1", ["malformed"], 0),
        ("location=1", ["malformed"], 0),
        ("lat=1&lon=2&speed=fast&altitude=1e9&bearing=NaN", ["malformed_value", "malformed_value"], 1),
        ("lat=1&lon=2&a=true&b=1.5&c=007", [], 1),
        ("lat=1&lon=2&%00=1&note=" + "x" * 257, ["malformed_value", "malformed_value"], 1),
    ],
)
def test_what_can_not_be_is_counted_and_answered(query: str, counts: list[str], places: int) -> None:
    report = told(get(f"/?id=1&{query}"))
    assert (list(report.counts), len(report.positions), status(report)) == (counts, places, 200)
    assert all(one.flags == (0 if counts == ["zero_position"] else 1) for one in report.positions)


@pytest.mark.parametrize(
    ("body", "counts"),
    [
        ({"device_id": "1", "location": 7}, ["malformed"]),
        ({"device_id": "1", "location": {"coords": {"latitude": 1, "longitude": 2}, "extras": {"a": [1], "b": 1e400}}},
         ["malformed_value", "malformed_value"]),
        ({"device_id": "1", "location": {"coords": {"latitude": 1, "longitude": 2}, "battery": {"level": "x"},
          "odometer": "far"}}, ["malformed_value", "malformed_value"]),
    ],
)  # fmt: skip
def test_what_can_not_be_in_json(body: object, counts: list[str]) -> None:
    report = told(post(json.dumps(body).encode()))
    assert (list(report.counts), status(report)) == (counts, 200)


@pytest.mark.parametrize(
    "request_",
    [
        get("/"),
        get("/?lat=1&lon=2"),
        get("/?id=%00"),
        get("/?id=" + "x" * 129),
        get("/?id=1&" + "&".join(f"a{n}=1" for n in range(MOST_VALUES))),
        post({"location": MOVING["location"]}),
        post({"device_id": True}),
        post(b'{"device_id"'),
        post(b"\xff"),
    ],
)
def test_who_does_not_say_who_it_is(request_: bytes) -> None:
    session = Session()
    report = said(session, request_)
    assert (report.tracker, report.counts, status(report)) == ("", ("malformed",), 400)
    assert report.notice is not None
    assert session.tracker == ""
    assert session.error is None, "behind a proxy others may use the same connection"


def test_a_list_of_who_may_deliver() -> None:
    session = Session({"1"}.__contains__)
    report = said(session, get("/?id=2&lat=1&lon=2"))
    assert (report.tracker, report.counts, report.positions) == ("2", ("refused",), ())
    assert (status(report), session.tracker, session.error) == (404, "", None)
    assert status(said(session, get("/?id=1&lat=1&lon=2"))) == 200
    assert session.tracker == "1"


def test_a_password() -> None:
    session = Session(password="s3cret")
    for headers in (
        {},
        who("jane", "other"),
        {"Authorization": "Bearer s3cret"},
        {"Authorization": "Basic %"},
    ):
        report = said(session, get("/?id=1&lat=1&lon=2", headers))
        assert (report.tracker, report.counts, report.positions) == ("", ("unauthorized",), ())
        head, _ = answered(report.answer)
        assert (head.status, head.headers["www-authenticate"]) == (401, 'Basic realm="waypost"')
    assert status(said(session, get("/?id=1&lat=1&lon=2", who("anybody", "s3cret")))) == 200


def test_other_methods() -> None:
    session = Session()
    report = said(session, b"DELETE /?id=1 HTTP/1.1\r\n\r\n")
    head, _ = answered(report.answer)
    assert (head.status, head.headers["allow"], report.counts) == (405, "GET, POST", ("malformed",))


def test_a_connection_as_it_was_recorded() -> None:
    session = Session()
    one, two, three, asked, four = session.receive((DATA / "connection.bin").read_bytes(), NOW)
    assert [len(each.positions) for each in (one, two, three, four)] == [1, 1, 1, 1]
    assert asked == Report("", answer=CONTINUE)
    assert answered(four.answer)[0].headers["connection"] == "close"
    assert isinstance(session.error, Farewell)
    assert session.receive(get("/?id=1"), NOW) == []
    assert session.pending == 0


def test_what_is_no_http() -> None:
    session = Session()
    report = said(session, b"\x78\x78\x0d\x01\n")
    assert (report.counts, status(report)) == (("malformed",), 400)
    assert session.error is not None
    assert not isinstance(session.error, Farewell)


def test_decode() -> None:
    stream = (DATA / "connection.bin").read_bytes()
    assert [line["lat"] for line in decode_lines(stream) if "lat" in line] == [60.0, 60.5, -60.0, 51.5007]
    assert "no whole message" in str(list(decode_lines(stream[:-2]))[-1]["error"])
    assert [*decode_lines(b"GET / HTTP/1.1\r\n\xff\r\n")][-1] == {
        "error": "b'\\xff' is no header of a request"
    }
    assert [line["lat"] for line in decode_lines(json.dumps(MOVING, indent=1).encode())] == [51.5007]
    lines = list(decode_lines(b"?id=7&lat=1&lon=2&timestamp=2013-08-22 13:14:27\n\n/?lat=1\n"))
    assert lines[0]["time"] == "2013-08-22T13:14:27.000000Z"
    assert lines[1:] == [
        {"error": "malformed: somebody says what cannot be understood: it names no device", "tracker": None}
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["coords", "latitude", "longitude", "timestamp", "battery", "extras"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(VALUES, VALUES)
def test_whatever_comes_is_answered(location: object, coords: object) -> None:
    for body in (
        {"device_id": "1", "location": location},
        {"device_id": "1", "location": {"coords": coords, "extras": location, "timestamp": coords}},
    ):
        report = told(post(json.dumps(body).encode()))
        assert status(report) == 200
        for one in report.positions:
            assert abs(one.lat) <= 90
            assert abs(one.lon) <= 180
            json.loads(one.attributes or "{}")
