"""What gpsd says, to fixes: the codec, the session, waypost decode, and the driver against a simulated gpsd."""

import asyncio
import json
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from core.records import Alive, Body, Fix, Fixes, Flag, Up
from drivers.base import ProtocolError
from drivers.catalog import Device
from drivers.codecs.gps_calendar import ERA, Reference
from drivers.codecs.gpsd import POLL, RECEIVERS, WATCH, Receivers, parse
from drivers.codecs.gpsd_decode import decode_lines
from drivers.codecs.gpsd_session import MOST_LINE, Session
from drivers.codecs.notice import Notice
from drivers.gpsd import Gpsd
from simulators.clock import SECOND, RunningClock
from simulators.gpsd import GpsdReceiver, SimulatedGpsd
from simulators.track import Track
from tests.at_work import at_work
from tests.llrp_peer import NOW
from tests.llrp_scene import FakeLink
from tests.virtual_loop import run

DOCUMENTED = (
    b'{"class":"TPV","device":"/dev/pts/1","time":"2005-06-08T10:34:48.283Z","ept":0.005,"lat":46.498293369,'
    b'"lon":7.567411672,"alt":1343.127,"eph":36.000,"epv":32.321,"track":10.3788,"speed":0.091,"climb":-0.085,"mode":3}'
)
"""gpsd_json(5)."""

AT = 1_774_087_872_000_000
"""2026-03-21T10:11:12Z"""

Said = Mapping[str, object]


def tpv(second: int = 12, **more: object) -> dict[str, object]:
    time = f"2026-03-21T10:11:{second:02d}.000Z"
    return {"class": "TPV", "device": "/dev/a", "time": time, "mode": 3, "lat": 48.5, "lon": 11.5} | more


def merged(*said: Said, trackers: Mapping[str, str] | None = None) -> tuple[list[Fix], Counter[str]]:
    counts: Counter[str] = Counter()
    receivers = Receivers("tracker:van", trackers or {}, counts)
    return [*(fix for one in said for fix in receivers.take(one)), *receivers.complete()], counts


def one(*said: Said) -> Fix:
    ((fix,), _) = merged(*said)
    return fix


def test_the_documented_report() -> None:
    said = parse(DOCUMENTED)
    assert said is not None
    fix = one(said)
    assert (fix.tracker, fix.time) == ("tracker:van", 1_118_226_888_283_000)
    assert (fix.lat, fix.lon, fix.alt) == (46.498293369, 7.567411672, 1343.127)
    assert (fix.speed, fix.course, fix.satellites) == (0.091, 10.3788, -1)
    assert fix.accuracy == pytest.approx(36 / 2.45)
    assert fix.flags == Flag.VALID


def test_reports_of_one_time_are_one_fix() -> None:
    first = tpv(mode=2, lat=48.4)
    second = tpv(altMSL=464.4, speed=3.0)
    third = tpv(track=90.0)
    fix = one(first, second, third)
    assert (fix.lat, fix.alt, fix.speed, fix.course) == (48.5, 464.4, 3.0, 90.0)
    fixes, counts = merged(first, second, tpv(13), first)
    assert [fix.time for fix in fixes] == [AT, AT + SECOND, AT]
    fixes, counts = merged(tpv(), tpv(13), tpv(13), tpv(14))
    assert len(fixes) == 3
    assert counts == {}


def test_a_report_that_comes_too_late() -> None:
    counts: Counter[str] = Counter()
    receivers = Receivers("tracker:van", {}, counts)
    receivers.take(tpv())
    assert len(receivers.complete()) == 1
    assert receivers.take(tpv()) == receivers.complete() == []
    assert counts == {"repeated": 1}


@pytest.mark.parametrize(
    ("said", "count"),
    [
        (tpv(mode=1), "no_fix"),
        (tpv(mode=0), "no_fix"),
        ({"class": "TPV", "mode": 1}, "no_fix"),
        ({"class": "TPV", "mode": 3, "lat": 1.0, "lon": 1.0}, "no_time"),
        (tpv(time="2026-03-21T10:11:12"), "no_time"),
        (tpv(time="yesterday"), "no_time"),
        (tpv(time=12), "no_time"),
        (tpv(time="1980-01-06T00:00:12.000Z"), "bad_date"),
        (tpv(lat=90.1), "malformed_position"),
        (tpv(lon=-180.1), "malformed_position"),
        (tpv(lat="48.5"), "malformed_position"),
        (tpv(lat=True), "malformed_position"),
        (tpv(lat=1e999), "malformed_position"),
        (tpv(lat=0.0, lon=0.0), "zero_position"),
    ],
)
def test_what_is_no_fix(said: Said, count: str) -> None:
    assert merged(said) == ([], Counter({count: 1}))


def test_accuracy() -> None:
    gst = {"class": "GST", "device": "/dev/a", "time": tpv()["time"], "lat": 3.0, "lon": 4.0}
    sky = {"class": "SKY", "device": "/dev/a", "hdop": 0.8, "uSat": 11}
    assert one(gst, tpv(eph=10.0)).accuracy == pytest.approx(math.sqrt(12.5))
    assert one(gst, tpv(13, eph=10.0)).accuracy == pytest.approx(10 / 2.45)
    assert one(tpv(epx=1.96, epy=1.96)).accuracy == pytest.approx(1.0)
    assert one(sky, tpv()).accuracy == pytest.approx(0.8 * 15 / 2.45)
    assert one(sky, tpv(status=2)).accuracy == pytest.approx(0.8 * 3.75 / 2.45)
    assert math.isnan(one(tpv()).accuracy)
    assert math.isnan(one({"class": "GST", "device": "/dev/a"}, tpv(eph=0)).accuracy)
    assert (one(sky, tpv()).satellites, one(sky, tpv()).attributes) == (11, '{"hdop":0.8}')


def test_satellites_and_heights_of_older_versions() -> None:
    sky = {
        "class": "SKY",
        "device": "/dev/a",
        "satellites": [{"used": True}, {"used": False}, {}, 5, {"used": True}],
    }
    assert one(sky, tpv()).satellites == 2
    assert one({"class": "SKY", "device": "/dev/a", "uSat": -5}, tpv()).satellites == -1
    assert one(tpv(alt=5.0)).alt == 5.0
    assert one(tpv(altHAE=50.0, geoidSep=47.0)).alt == 3.0
    assert math.isnan(one(tpv(altHAE=50.0)).alt)


def test_receivers_of_one_gpsd() -> None:
    other = tpv(device="/dev/b", lat=50.0)
    fixes, _ = merged(tpv(), other)
    assert [(fix.tracker, fix.lat) for fix in fixes] == [("tracker:van", 48.5), ("tracker:van", 50.0)]
    fixes, counts = merged(tpv(), other, trackers={"/dev/b": "tracker:b"})
    assert [(fix.tracker, fix.lat) for fix in fixes] == [("tracker:b", 50.0)]
    assert counts == {"other_devices": 1}
    many, counts = merged(*(tpv(device=f"/dev/{n}") for n in range(RECEIVERS + 3)))
    assert len(many) == RECEIVERS
    assert counts == {"other_devices": 3}


def test_a_week_counter_that_has_run_over() -> None:
    counts: Counter[str] = Counter()
    receivers = Receivers("tracker:van", {}, counts)
    receivers.judge_dates(Reference(AT, AT + SECOND))
    receivers.take(tpv(time="2006-08-05T10:11:12.000Z"))
    receivers.judge_dates(Reference(AT, AT + SECOND))
    (fix,) = receivers.complete()
    assert (fix.time, fix.flags) == (AT, Flag.VALID | Flag.CORRECTED)
    assert AT - ERA == 1_154_772_672_000_000


@pytest.mark.parametrize("line", [b"{", b"[]", b"{}", b'{"class":1}', b"[" * 100_000, b"\xff"])
def test_lines_that_are_no_object(line: bytes) -> None:
    assert parse(line) is None


# The session


class Talk:
    """A session in a time of its own."""

    def __init__(self, trackers: Mapping[str, str] | None = None) -> None:
        self.session = Session("tracker:van", trackers or {}, 0.0)
        self.at = 0.0
        self.said: list[Body | Notice] = []
        self.asked = self.session.data_to_send()

    def hear(self, *said: Said) -> "Talk":
        data = b"".join(json.dumps(one).encode() + b"\r\n" for one in said)
        return self.take(data)

    def take(self, data: bytes) -> "Talk":
        self.said += self.session.receive(data, AT + round(self.at * SECOND), self.at)
        return self

    def wait(self, seconds: float) -> "Talk":
        end = self.at + seconds
        while self.session.error is None and self.session.deadline <= end:
            self.at = self.session.deadline
            self.said += self.session.timeout(AT + round(self.at * SECOND), self.at)
            self.asked += self.session.data_to_send()
        self.at = end
        return self

    @property
    def notices(self) -> list[tuple[str, str]]:
        return [(one.name, one.text) for one in self.said if isinstance(one, Notice)]


VERSION = {"class": "VERSION", "release": "3.25"}


def test_a_watch_is_asked_for_and_a_fix_does_not_wait_for_the_next() -> None:
    here = Talk().hear(VERSION, tpv())
    assert here.asked == WATCH
    assert here.session.info == "gpsd 3.25"
    assert [type(body) for body in here.said] == [Up, Alive]
    here.wait(0.3)
    assert [type(body) for body in here.said] == [Up, Alive, Fixes]


def test_a_silent_gpsd_is_asked_and_then_lost() -> None:
    here = Talk().hear({"class": "WATCH"}).wait(6)
    assert here.session.info == "gpsd of an unknown release"
    assert here.asked == WATCH + POLL
    here.hear({"class": "POLL", "tpv": []}).wait(14)
    assert here.session.error is None
    here.session.postpone(10.0)
    here.wait(10.5)
    assert here.session.error is None
    here.wait(1)
    assert str(here.session.error) == "what is there does not answer: nothing understood for 15 s"
    assert "is no gpsd" in str(Talk().wait(20).session.error)


def test_noise_is_no_sign_of_life() -> None:
    here = Talk().take(b"SSH-2.0-OpenSSH\r\n\r\n").take(bytes(MOST_LINE + 10) + b"\n")
    assert here.session.counts == {"malformed": 1, "noise": MOST_LINE + 10}
    for _ in range(20):
        here.at += 1
        here.take(b"x\n")
    assert isinstance(here.session.error, ProtocolError)


def test_what_an_operator_should_know() -> None:
    here = Talk().hear(VERSION, {"class": "DEVICES", "devices": []}, {"class": "ERROR", "message": "no"})
    here.hear({"class": "DEVICES", "devices": [{"path": "/dev/a"}]}, tpv(), tpv(device="/dev/b"), tpv(13))
    assert here.notices == [
        ("no_receiver", "gpsd has no receiver; name one in its DEVICES, and restart it"),
        ("gpsd_errors", "gpsd says: no"),
        ("several_receivers", "/dev/a and /dev/b are told as one tracker; give each its own in trackers"),
    ]
    assert Talk({"/dev/a": "tracker:1"}).hear(VERSION, tpv(), tpv(device="/dev/b")).notices == []


def test_a_tunnel_is_told_once() -> None:
    here = Talk().hear(VERSION)
    for second in range(30):
        here.hear(tpv(second, mode=1)).wait(1.0)
    ((name, text),) = here.notices
    assert name == "dry_spells"
    assert text.startswith("no fix: give the receiver's antenna a view of the sky")
    assert here.session.counts == {"no_fix": 30}


@given(st.lists(st.sampled_from([VERSION, tpv(), tpv(13), {"class": "SKY"}, {"class": 7}]), max_size=8), st.integers(0, 900))  # fmt: skip
def test_any_split_gives_the_same(said: list[Said], at: int) -> None:
    data = b"".join(json.dumps(one).encode() + b"\n" for one in said)
    whole, split = Talk().take(data).wait(1), Talk().take(data[:at]).take(data[at:]).wait(1)
    assert whole.session.counts == split.session.counts

    def told(here: Talk) -> list[int]:
        return [time for body in here.said if isinstance(body, Fixes) for time in body.time.tolist()]

    assert told(whole) == told(split)


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    assert isinstance(Talk().take(data).wait(20).session.error, ProtocolError)


def test_what_decode_says() -> None:
    data = b"# gpspipe -w -r\n$GPGGA,,\n\n" + json.dumps(VERSION).encode() + b"\n" + DOCUMENTED + b"\nhello\n"
    broken, line, rest = decode_lines(data)
    assert broken == {"error": "line 6 is no object of gpsd", "text": "hello"}
    assert (line["time"], line["lat"], line["accuracy"]) == (
        "2005-06-08T10:34:48.283000Z",
        46.498293369,
        14.694,
    )
    assert rest == {"message": "gpsd", "VERSION": 1}


# The driver


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"url": "serial:///dev/ttyUSB0"}, "names no way to connect; begin it with tcp://"),
        ({"trackers": {"/dev/a": "a b"}}, "String should match pattern"),
        ({"tracker": ""}, "String should match pattern"),
    ],
)
def test_settings_that_cannot_be(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Gpsd.model_validate({"id": "van", **settings})


def play(
    receivers: Mapping[str, GpsdReceiver],
    test: Callable[[SimulatedGpsd, FakeLink, "asyncio.Task[None]"], Awaitable[None]],
    **settings: object,
) -> None:
    """In virtual time."""

    async def main() -> None:
        link = FakeLink()
        async with SimulatedGpsd(receivers, RunningClock(NOW)).served() as gpsd:
            device = TypeAdapter(Device).validate_python(
                {"id": "van", "kind": "gpsd", "url": gpsd.url} | settings
            )
            assert isinstance(device, Gpsd)
            async with at_work(device, link) as task:
                await test(gpsd, link, task)

    run(main())


def rows(link: FakeLink) -> list[tuple[str, int, float]]:
    found: list[tuple[str, int, float]] = []
    for body in link.bodies:
        if isinstance(body, Fixes):
            names = [body.trackers.ids[code] for code in body.tracker.tolist()]
            found += zip(names, body.time.tolist(), body.lat.tolist(), strict=True)
    return found


def test_two_receivers_are_two_trackers() -> None:
    two = {
        "/dev/a": GpsdReceiver(Track(1, NOW)),
        "/dev/b": GpsdReceiver(Track(2, NOW), rate=5, tunnel=(NOW + 5 * SECOND, NOW + 8 * SECOND), eras=1),
    }

    async def test(gpsd: SimulatedGpsd, link: FakeLink, task: object) -> None:
        await asyncio.sleep(21)
        tags = {"/dev/a": "tracker:one", "/dev/b": "tracker:two"}
        end = NOW + 20 * SECOND
        told = [(tags[path], time, round(place.lat, 9)) for path, time, place in gpsd.told]
        assert sorted(row for row in rows(link) if row[1] < end) == sorted(
            row for row in told if row[1] < end
        )
        assert len(told) > 90
        assert link.counters == {"no_fix": 15}

    play(two, test, trackers={"/dev/a": "one", "/dev/b": "two"})


def test_a_gpsd_that_says_nothing_any_more() -> None:
    async def test(gpsd: SimulatedGpsd, link: FakeLink, task: "asyncio.Task[None]") -> None:
        await asyncio.sleep(5.5)
        gpsd.deaf = True
        with pytest.raises(ProtocolError, match="does not answer"):
            await task
        assert gpsd.polls >= 2
        assert {name for name, _, _ in rows(link)} == {"tracker:van"}

    play({"/dev/a": GpsdReceiver(Track(1, NOW))}, test)


def test_a_gpsd_that_ends() -> None:
    async def test(gpsd: SimulatedGpsd, link: FakeLink, task: "asyncio.Task[None]") -> None:
        await asyncio.sleep(2.5)
        gpsd.hang_up()
        with pytest.raises(EOFError, match="closed the connection"):
            await task

    play({"/dev/a": GpsdReceiver(Track(1, NOW))}, test)


def test_a_gpsd_without_receivers_is_alive() -> None:
    async def test(gpsd: SimulatedGpsd, link: FakeLink, task: "asyncio.Task[None]") -> None:
        await asyncio.sleep(60)
        assert not task.done()
        assert gpsd.polls >= 10
        assert link.counters == {"dry_spells": 1, "no_receiver": 1}
        assert sum(isinstance(body, Alive) for body in link.bodies) >= 10

    play({}, test)
