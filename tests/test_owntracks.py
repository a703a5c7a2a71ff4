"""OwnTracks on a broker and over HTTP: published messages to the stated values, what makes no sense, any bytes."""

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from core.records import Fix, Fixes, Flag, rows_of
from drivers.catalog import Device
from drivers.codecs import owntracks
from drivers.codecs.catalog import CODECS
from drivers.codecs.message_recording import recorded
from drivers.codecs.message_session import Connected, Message, Said, State
from drivers.codecs.notice import Notice
from drivers.codecs.owntracks_http import Session as HttpSession
from drivers.codecs.owntracks_session import _MOST_PHONES, Session
from drivers.owntracks import OwnTracks
from tests.phone import NOW, answered, post, said, status, who

DATA = Path(__file__).parent / "data"
LINES = (DATA / "owntracks" / "messages.jsonl").read_text().splitlines()
PUBLISHED, JANE, LORRY, ENTERED, REGION, REGIONS, WILL, SECRET, STATUS, BEACON = map(json.loads, LINES)
TOPIC = "owntracks/jane/phone"
HOME = {"_type": "location", "lat": 53.8, "lon": -1.55, "tst": NOW // 1_000_000}


def all_heard(
    value: object, topic: str = TOPIC, one: Session | None = None, arrival: int = NOW
) -> list[Said]:
    payload = value if isinstance(value, bytes) else json.dumps(value).encode()
    return list((one or Session()).receive([Message(topic, payload, False, arrival)]))


def heard(value: object, topic: str = TOPIC, one: Session | None = None, arrival: int = NOW) -> list[Said]:
    """But for who is there."""
    return [said for said in all_heard(value, topic, one, arrival) if not isinstance(said, Connected)]


def fix(value: object, topic: str = TOPIC, one: Session | None = None) -> Fix:
    (found,) = heard(value, topic, one)
    assert isinstance(found, Fixes)
    (row,) = rows_of(found)
    return row


def kept(row: Fix) -> dict[str, object]:
    found: dict[str, object] = json.loads(row.attributes or "{}")
    return found


def test_the_published_message() -> None:
    """Of 2019, which is long ago: its time is doubted."""
    (found,) = heard(PUBLISHED, arrival=1_551_874_880_000_000)
    assert isinstance(found, Fixes)
    (row,) = rows_of(found)
    assert (row.tracker, row.time, row.lat, row.lon) == (
        "tracker:jane/phone", 1_551_874_878_000_000, 46.0681247, 11.1512805,
    )  # fmt: skip
    assert (row.alt, row.speed, row.satellites) == (440, 0, -1)
    assert row.accuracy == pytest.approx(15 / 1.515)
    assert math.isnan(row.course)
    assert kept(row) == {
        "trigger": "manual", "tid": "5t", "battery_percent": 46, "alt_accuracy_m": 2, "connection": "wifi",
        "clock": "old_date",
    }  # fmt: skip


def test_every_value_with_its_unit() -> None:
    row = fix(JANE)
    assert (row.time, row.lat, row.lon, row.alt, row.course) == (NOW, 53.8, -1.55, 61, 271)
    assert row.speed == pytest.approx(10)
    assert row.accuracy == pytest.approx(8 / 1.515)
    assert row.flags == Flag.VALID
    assert kept(row) == {
        "trigger": "ping", "tid": "ja", "battery_percent": 87, "charging": True, "alt_accuracy_m": 4,
        "pressure_kpa": 101.3, "connection": "mobile", "mode": "move", "regions": ["depot", "yard"],
        "activities": ["automotive"], "ssid": "depot", "bssid": "b0:f2:8:45:94:33",
    }  # fmt: skip


def test_a_queclink_tracker_through_qtripp() -> None:
    row = fix(LORRY, "owntracks/qtripp/865284041968706")
    assert (row.tracker, row.time) == ("tracker:qtripp/865284041968706", 1_736_519_167_000_000)
    assert kept(row) == {
        "trigger": "I", "tid": "CS", "ignition": True, "movement": False, "odometer_m": 12_345_600,
        "battery_mv": 4100, "external_mv": 12_600, "engine_s": 3600, "don_s": 105, "rpm": 800, "din_1": True,
        "cell": "232,1,2010,61234", "clock": "old_date",
    }  # fmt: skip


def test_a_beacon_has_an_accuracy_of_nothing() -> None:
    row = fix(ENTERED, f"{TOPIC}/event")
    assert (row.tracker, row.accuracy, row.flags) == ("tracker:jane/phone", 0, Flag.VALID)
    assert kept(row) == {
        "event": "enter", "region": "depot", "region_id": "6da9cf", "trigger": "beacon", "tid": "ja",
    }  # fmt: skip
    one = Session()
    assert heard({"_type": "transition", "event": "leave", "tst": 1}, one=one) == []
    assert one.counts == {"other": 1}


@pytest.mark.parametrize(("made", "late"), [(0, False), (60, False), (61, True), (3600, True)])
def test_what_was_made_long_after_the_fix_is_history(made: int, late: bool) -> None:
    row = fix(HOME | {"created_at": NOW // 1_000_000 + made})
    assert bool(row.flags & Flag.LATE) == late


def test_a_message_told_twice_is_the_same_row() -> None:
    one = Session()
    assert repr(fix(HOME | {"_id": "a"}, one=one)) == repr(fix(HOME | {"_id": "b"}, one=one))


@pytest.mark.parametrize(
    ("topic", "value", "tracker"),
    [
        ("company/fleet/jane/phone", HOME, "jane/phone"),
        ("owntracks/jane/event", HOME, "jane/event"),
        ("owntracks/jane/phone/event", ENTERED, "jane/phone"),
        ("phone", HOME, "phone"),
    ],
)
def test_who_it_is(topic: str, value: dict[str, object], tracker: str) -> None:
    assert fix(value, topic).tracker == f"tracker:{tracker}"


def test_what_else_they_say_is_counted() -> None:
    one = Session()
    for value, behind in (
        (REGION, "/waypoint"),
        (REGIONS, "/waypoints"),
        (STATUS, "/status"),
        (BEACON, "/beacon"),
    ):
        assert heard(value, TOPIC + behind, one) == []
    assert one.counts == {"regions": 2, "other": 2}


def test_what_is_encrypted_is_told() -> None:
    (notice,) = heard(SECRET)
    assert notice == Notice("encrypted", owntracks.SECRET)


def test_wills_of_many_phones() -> None:
    one = Session()
    assert heard(WILL, "owntracks/jane/phone", one) == []
    assert heard(WILL, "owntracks/jane/phone", one) == []
    assert heard(WILL, "owntracks/john/phone", one) == []
    assert one.counts["offline"] == 2
    fix(HOME, one=one)
    assert one.counts["offline"] == 1
    for number in range(_MOST_PHONES + 1):
        heard(WILL, f"owntracks/{number}/phone", one)
    assert one.counts["offline"] == _MOST_PHONES


def test_who_is_there() -> None:
    one, jane, john = Session(), "owntracks/jane/phone", "owntracks/john/phone"
    assert all_heard(STATUS, f"{jane}/status", one) == [Connected("jane/phone", True)]
    assert all_heard(STATUS, f"{jane}/status", one) == []
    assert all_heard(WILL, jane, one) == [Connected("jane/phone", False)]
    assert all_heard(WILL, jane, one) == []
    assert all_heard(WILL, john, one) == [], "it was not known to be there"
    assert all_heard(STATUS, f"{jane}/status", one) == [Connected("jane/phone", True)]
    assert all_heard(STATUS, f"{john}/status", one) == [Connected("john/phone", True)]
    for number in range(_MOST_PHONES - 2):
        all_heard(STATUS, f"owntracks/{number}/phone/status", one)
    assert all_heard(STATUS, "owntracks/new/phone/status", one) == [
        Connected("new/phone", True),
        Connected("jane/phone", False),
    ], "the one that was heard least recently is forgotten"


def test_the_will_of_one_phone_is_the_device_s() -> None:
    one = Session(alone=True)
    assert heard(WILL, one=one) == [State(False, "its will says that it has gone")]


@pytest.mark.parametrize(
    ("value", "name", "text"),
    [
        (b"\x00", "malformed", "no JSON"),
        ([], "malformed", "[] stands where an object was expected"),
        ({"lat": 1}, "malformed", "its _type is None"),
        (HOME | {"lat": None}, "malformed", "lat None is no position"),
        (HOME | {"lat": 91}, "out_of_range", "lat 91 is no position"),
        (HOME | {"tst": "soon"}, "impossible_date", "tst 'soon' is no time"),
        (HOME | {"tst": None}, "impossible_date", "tst None is no time"),
        (HOME | {"created_at": -1}, "impossible_date", "created_at -1 is no time"),
    ],
)
def test_what_makes_no_sense(value: object, name: str, text: str) -> None:
    (notice,) = heard(value)
    assert isinstance(notice, Notice)
    assert notice.name == name
    assert text in notice.text
    assert "a message on 'owntracks/jane/phone' cannot be understood" in notice.text


def test_a_value_that_makes_no_sense_costs_itself_alone() -> None:
    one = Session()
    row = fix(HOME | {"vel": "fast", "alt": -1e9, "inregions": [{}], "poi": "x" * 300}, one=one)
    assert (row.flags, row.attributes) == (Flag.VALID, "")
    assert one.counts == {"malformed_value": 4}


def test_nowhere_is_no_position() -> None:
    one = Session()
    assert fix(HOME | {"lat": 0, "lon": 0}, one=one).flags == 0
    assert one.counts == {"zero_position": 1}


def test_a_list_of_who_may_deliver() -> None:
    one = Session({"john/phone"}.__contains__)
    for user in ("jane", "jane", *range(100)):
        assert heard(HOME, f"owntracks/{user}/phone", one) == []
    assert (one.counts.pop("refused"), one.counts.pop("jane/phone: refused")) == (102, 2)
    assert one.counts == {f"{user}/phone: refused": 1 for user in range(49)}, "the first fifty are named"


def test_a_clock_that_is_ahead_moves_nobody_unless_the_gateway_s_own_is_unsure() -> None:
    one, future = Session(), HOME | {"tst": NOW // 1_000_000 + 86_400}
    assert kept(fix(future, one=one)) == {"clock": "future_date"}
    assert one.counts == {"future_date": 1}
    one.synchronised = False
    assert fix(future, one=one).flags == Flag.VALID
    late = Session(offset=-86_400_000_000)
    assert fix(future, one=late).flags == Flag.VALID, "the device's offset is known"


def test_many_phones_need_bounded_memory() -> None:
    one, most = Session(), 0
    for number in range(10_002):
        (found,) = heard(HOME, f"owntracks/{number}/phone", one)
        assert isinstance(found, Fixes)
        most = max(most, len(found.trackers.ids))
    assert most == 10_001


def test_its_settings() -> None:
    def session(topic: str, **more: object) -> Session:
        table = {"id": "phones", "kind": "owntracks", "broker": "main", "topic": topic} | more
        device: Device = TypeAdapter(Device).validate_python(table)
        assert isinstance(device, OwnTracks)
        return device.session()

    assert fix(HOME, one=session("owntracks/#", trackers=["jane/phone"])).tracker == "tracker:jane/phone"
    assert heard(HOME, one=session("owntracks/#", trackers=["john/phone"])) == []
    for topic, alone in ((TOPIC, True), (f"{TOPIC}/#", True), ("owntracks/+/phone", False), ("a/b/#", False)):
        assert bool(heard(WILL, one=session(topic))) == alone


# Over HTTP


def test_a_position_over_http_is_answered_with_nothing_to_do() -> None:
    session = HttpSession()
    report = said(session, post(JANE))
    assert (report.tracker, session.tracker, list(report.counts)) == ("jane/phone", "jane/phone", [])
    assert [one.time for one in report.positions] == [NOW]
    head, body = answered(report.answer)
    assert (head.status, body, head.headers["content-type"]) == (200, b"[]", "application/json")


@pytest.mark.parametrize(
    ("target", "headers", "tracker"),
    [
        ("/pub?u=john&d=tablet", {}, "john/tablet"),
        ("/pub", {"X-Limit-U": "john", "X-Limit-D": "tablet"}, "john/tablet"),
        ("/pub?u=a&d=b", {"X-Limit-U": "john", "X-Limit-D": "tablet"}, "john/tablet"),
        ("/pub", who("john", "secret"), "john/phone"),
        ("/pub?d=watch", who("john", ""), "john/watch"),
        ("/", {}, "jane/phone"),
    ],
)
def test_who_posts(target: str, headers: dict[str, str], tracker: str) -> None:
    assert said(HttpSession(), post(JANE, target, headers)).tracker == tracker
    if tracker == "john/tablet":
        assert said(HttpSession(), post(HOME, target, headers)).tracker == tracker


@pytest.mark.parametrize(
    ("value", "counts", "code"),
    [
        (WILL, ["other"], 200),
        (REGION, ["regions"], 200),
        (SECRET, ["encrypted"], 422),
        (HOME | {"lat": 91}, ["out_of_range"], 200),
        (HOME | {"lat": 0, "lon": 0}, ["zero_position"], 200),
        ({"_type": "transition", "event": "leave"}, [], 200),
    ],
)
def test_what_else_is_posted(value: object, counts: list[str], code: int) -> None:
    report = said(HttpSession(), post(value, "/?u=jane&d=phone"))
    assert (report.tracker, list(report.counts), status(report)) == ("jane/phone", counts, code)
    assert (report.notice is not None) == (counts in (["encrypted"], ["out_of_range"]))


def test_who_may_not_post() -> None:
    assert status(said(HttpSession({"a"}.__contains__), post(JANE))) == 403
    assert status(said(HttpSession(), post(HOME))) == 400, "nobody knows whose it is"
    assert status(said(HttpSession(), post(b"no JSON"))) == 400
    assert status(said(HttpSession(), b"GET / HTTP/1.1\r\n\r\n")) == 405
    assert status(said(HttpSession(password="x"), post(JANE))) == 401


def test_decode() -> None:
    decode = CODECS["owntracks"].decode
    topics = b"\n".join(f"{TOPIC} {line}".encode() for line in LINES)
    told = list(decode(topics))
    assert [line["tracker"] for line in told] == ["tracker:jane/phone"] * len(LINES)
    assert sum("lat" in line for line in told) == 4
    assert told[-1] == {"message": "beacon", "tracker": "tracker:jane/phone"}
    capture = recorded(Message(TOPIC, LINES[1].encode(), False, NOW))
    assert [line["tracker"] for line in decode(capture)] == ["tracker:jane/phone"]
    assert [line["tracker"] for line in decode(LINES[0].encode())] == [None]
    assert [line["lat"] for line in decode(json.dumps(JANE, indent=1).encode())] == [53.8]
    wrong = b'\n{"_type":"location","lat":91}\n' + json.dumps(HOME | {"lat": 0, "lon": 0}).encode()
    first, _, last = decode(wrong)
    assert "line 2: out_of_range: lat 91 is no position" in str(first["error"])
    assert last == {"error": "zero_position", "tracker": None}
    http = CODECS["owntracks-http"].decode
    assert [line["lat"] for line in http(post(JANE))] == [53.8]
    assert [line["lat"] for line in http(LINES[1].encode())] == [53.8]


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(JANE)), inner, max_size=5)
    ),
    max_leaves=12,
)


@given(
    st.sampled_from(["location", "transition", "lwt"]), st.dictionaries(st.sampled_from(list(JANE)), VALUES)
)
def test_whatever_comes_is_a_fix_or_a_reason(kind: str, more: dict[str, object]) -> None:
    one, value = Session(), {**HOME, **more, "_type": kind}
    for found in heard(value, one=one):
        if isinstance(found, Fixes):
            (row,) = rows_of(found)
            assert abs(row.lat) <= 90
            assert abs(row.lon) <= 180
            kept(row)
        else:
            assert isinstance(found, Notice)
    assert status(said(HttpSession(), post(value, "/?u=jane&d=phone"))) == 200
