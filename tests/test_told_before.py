"""Live fixes that come again as history in other words: drivers/codecs/told_before.py, and GT06 trackers at a port."""

import pytest

from core.records import Fixes, rows_of
from drivers.codecs import gt06
from drivers.codecs.told_before import ToldBefore
from drivers.codecs.tracker_session import LATE, VALID, Position
from tests.llrp_peer import NOW
from tests.llrp_scene import FakeLink
from tests.loopback import free_port
from tests.road_scene import Call, listening

IMEI = "352093086403655"


def at(time: int, flags: int = VALID, lat: float = 53.8, attributes: str = "") -> Position:
    return Position(time, lat, -1.55, 0.0, 0.0, 0.0, 1.0, 9, flags, attributes)


def test_the_same_time_and_place_stands_once() -> None:
    told = ToldBefore()
    live, again = at(1), at(1, VALID | LATE, attributes='{"odometer_m":7}')
    assert told.new("one", [live]) == [live]
    assert told.new("one", [again]) == []
    assert told.new("other", [again]) == [again]
    for history in (at(2, VALID | LATE), at(1, VALID | LATE, 53.9)):
        assert told.new("one", [history, again]) == [history]
    assert told.new("one", [at(1, attributes="{}")]) == [at(1, attributes="{}")], "live ones are all new"


def test_what_is_remembered_is_bounded() -> None:
    told = ToldBefore(trackers=2, fixes=3)
    told.new("one", [at(time) for time in range(4)])
    assert [one.time for one in told.new("one", [at(time, LATE) for time in range(4)])] == [0]
    told.new("two", [at(1)])
    told.new("one", [])
    told.new("three", [at(1)])
    assert told.new("one", [at(3, LATE)]) == []
    assert told.new("two", [at(1, LATE)]) == [at(1, LATE)]


@pytest.fixture
def port() -> int:
    return free_port()


def test_it_is_answered_and_counted(port: int) -> None:
    """Live as 0x12, without odometer; again as 0x22, as kept back."""
    content = gt06.located(NOW, 53.8, -1.55, 10, 90, 9) + gt06.CELL

    async def test(link: FakeLink, call: Call, task: object) -> None:
        for said in (
            gt06.sealed(gt06.LOCATION, content, 2),
            gt06.sealed(gt06.LOCATION_4G, content + b"\1\0\1\0\0\1\0", 3),
        ):
            one = await call()
            one.say(gt06.login(IMEI, 1) + said)
            await one.hears(10)
            assert await one.hears(10) == gt06.sealed(said[3], b"", said[-5])
            one.writer.transport.abort()

    link = listening(port, test, kind="gt06")
    (fix,) = [fix for body in link.bodies if isinstance(body, Fixes) for fix in rows_of(body)]
    assert (fix.time, fix.flags) == (NOW, VALID)
    assert link.counters["resent"] == link.counters[f"{IMEI}: resent"] == 1
