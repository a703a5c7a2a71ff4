"""ROSpecs of the simulated reader: every start and stop trigger, report rule, antenna and order of events."""

import pytest

from drivers.codecs.llrp import Message, Parameter
from simulators.clock import SteppedClock
from simulators.llrp import SimulatedReader
from simulators.llrp_device import Setup
from simulators.llrp_models import FX9600
from simulators.llrp_reports import Sighting
from tests.llrp_client import (
    Client,
    aispec,
    epcs,
    event,
    gpi_value,
    listed,
    live,
    notify,
    observation,
    reader_and_client,
    report_spec,
    rospec,
    start_trigger,
    status,
    stop_trigger,
    tags,
)

GPI_ON = Parameter("GPIPortCurrentState", {"gpi_port": 1, "config": 1})


def tag(n: int, antenna: int = 1) -> Sighting:
    return Sighting(antenna, n.to_bytes(12, "big"))


async def drained(client: Client) -> list[Message]:
    """What the reader has said so far."""
    return (await client.ask("GET_ROSPECS"))[1]


def told(messages: list[Message]) -> list[str]:
    """The names of reports and events."""
    return [event(one).name if one.name == "READER_EVENT_NOTIFICATION" else one.name for one in messages]


async def enable(client: Client, spec: Parameter) -> None:
    await client.succeed("ADD_ROSPEC", spec)
    await client.succeed("ENABLE_ROSPEC", rospec_id=spec.number("rospec_id"))


@live
async def test_immediate_begins_on_enable_and_not_before() -> None:
    async with reader_and_client() as (reader, client, _):
        await client.succeed("ADD_ROSPEC", rospec())
        await reader.see(tag(1))
        assert await listed(client) == {1: 0}
        await client.succeed("ENABLE_ROSPEC", rospec_id=1)
        assert await listed(client) == {1: 2}
        await reader.see(tag(2))
        assert epcs(await client.next()) == [tag(2).epc]
        assert reader.ledger.unread == 1


@live
async def test_null_waits_for_start_and_ends_with_stop() -> None:
    async with reader_and_client() as (reader, client, _):
        await enable(client, rospec(start=start_trigger(0)))
        assert await listed(client) == {1: 1}
        await client.succeed("START_ROSPEC", rospec_id=1)
        await reader.see(tag(1))
        assert epcs(await client.next()) == [tag(1).epc]
        await client.succeed("STOP_ROSPEC", rospec_id=1)
        await reader.see(tag(2))
        assert await listed(client) == {1: 1}
        assert reader.ledger.unread == 1


@live
async def test_periodic_begins_after_the_offset_and_then_every_period() -> None:
    value = Parameter("PeriodicTriggerValue", {"offset": 500, "period": 2000})
    spec = rospec(start=start_trigger(2, value), stop=stop_trigger(1, duration=300))
    async with reader_and_client() as (reader, client, clock):
        await client.succeed("SET_READER_CONFIG", notify(2))
        await enable(client, spec)
        began = clock.now()
        clock.advance(5)
        events = [event(one).number("type") for one in await drained(client)]
        assert events == [0, 1, 0, 1, 0, 1]
        assert clock.now() == began + 5_000_000
        clock.advance(1.5 + 0.1)
        await reader.see(tag(1))
        clock.advance(0.4)
        await reader.see(tag(2))
        assert told(await drained(client)) == ["ROSpecEvent", "RO_ACCESS_REPORT", "ROSpecEvent"]


@live
async def test_periodic_at_a_time_of_day_and_once() -> None:
    async with reader_and_client() as (_, client, clock):
        at = Parameter("UTCTimestamp", {"microseconds": clock.now() + 10_000_000})
        value = Parameter("PeriodicTriggerValue", {"offset": 1000, "period": 0}, (at,))
        await enable(client, rospec(start=start_trigger(2, value), stop=stop_trigger(1, duration=1000)))
        clock.advance(10.9)
        assert await listed(client) == {1: 1}
        clock.advance(0.2)
        assert await listed(client) == {1: 2}
        clock.advance(100)
        assert await listed(client) == {1: 1}


@live
async def test_gpi_begins_and_ends_where_the_input_is_enabled() -> None:
    spec = rospec(start=start_trigger(3, gpi_value(1, 1)), stop=stop_trigger(2, gpi_value(1, 0)))
    async with reader_and_client() as (reader, client, _):
        await client.succeed("SET_READER_CONFIG", notify(1, 2))
        await enable(client, spec)
        reader.gpi(1, True)
        assert await listed(client) == {1: 1}
        reader.gpi(1, False)
        await client.succeed("SET_READER_CONFIG", GPI_ON)
        reader.gpi(2, True)
        reader.gpi(1, True)
        reader.gpi(1, True)
        await reader.see(tag(1))
        reader.gpi(1, False)
        await reader.see(tag(2))
        assert told(await drained(client)) == [
            "GPIEvent",
            "ROSpecEvent",
            "RO_ACCESS_REPORT",
            "GPIEvent",
            "ROSpecEvent",
        ]


@live
async def test_a_gpi_stop_has_a_timeout() -> None:
    spec = rospec(start=start_trigger(3, gpi_value(1, 1)), stop=stop_trigger(2, gpi_value(1, 0, 3000)))
    async with reader_and_client() as (reader, client, clock):
        await client.succeed("SET_READER_CONFIG", GPI_ON)
        await enable(client, spec)
        reader.gpi(1, True)
        clock.advance(2.9)
        assert await listed(client) == {1: 2}
        clock.advance(0.2)
        assert await listed(client) == {1: 1}


@live
async def test_immediate_with_a_duration_begins_again() -> None:
    spec = rospec(stop=stop_trigger(1, duration=1000), report=report_spec(0))
    async with reader_and_client() as (reader, client, clock):
        await enable(client, spec)
        for n in range(3):
            await reader.see(tag(n), tag(n + 10))
            assert await drained(client) == []
            clock.advance(1)
            assert epcs(await client.next()) == [tag(n).epc, tag(n + 10).epc]


@live
async def test_disable_ends_and_reports_before_the_answer() -> None:
    async with reader_and_client() as (reader, client, _):
        await enable(client, rospec(report=report_spec(100)))
        await reader.see(tag(1), tag(2))
        _, before = await client.ask("DISABLE_ROSPEC", rospec_id=0)
        assert [len(tags(one)) for one in before] == [2]
        assert await listed(client) == {1: 0}


@live
async def test_reports_have_n_tags() -> None:
    async with reader_and_client() as (reader, client, _):
        await enable(client, rospec(report=report_spec(4)))
        await reader.see(*map(tag, range(10)))
        assert [len(tags(one)) for one in await drained(client)] == [4, 4]
        client.send("GET_REPORT")
        assert len(tags(await client.next())) == 2
        client.send("GET_REPORT", id=77)
        empty = await client.next()
        assert (empty.name, empty.id, tags(empty)) == ("RO_ACCESS_REPORT", 77, [])


@live
async def test_trigger_none_reports_only_when_asked_and_keeps_a_bounded_number() -> None:
    async with reader_and_client(Setup(capacity=5)) as (reader, client, _):
        await enable(client, rospec(report=report_spec(1, 0)))
        await reader.see(*map(tag, range(8)))
        await client.succeed("STOP_ROSPEC", rospec_id=1)
        client.send("GET_REPORT")
        report = await client.expect("RO_ACCESS_REPORT")
        assert [epc[-1] for epc in epcs(report)] == [3, 4, 5, 6, 7]
        assert reader.ledger.overflowed == 3


@live
async def test_an_aispec_listens_to_its_antennas_and_gives_way_to_the_next() -> None:
    inventories = (aispec((1, 2), type=1, duration=500), aispec((3,), type=1, duration=500))
    spec = rospec(
        start=start_trigger(0), inventories=inventories, report=report_spec(0, 1, spec_index=1, antenna_id=1)
    )
    async with reader_and_client() as (reader, client, clock):
        await client.succeed("SET_READER_CONFIG", notify(2, 6))
        await enable(client, spec)
        await client.succeed("START_ROSPEC", rospec_id=1)
        everywhere = [tag(n, antenna=n) for n in (1, 2, 3, 4, 5)]
        await reader.see(*everywhere)
        clock.advance(0.5)
        await reader.see(*everywhere)
        clock.advance(0.5)
        messages = (await client.ask("GET_ROSPECS"))[1]
    assert told(messages) == [
        "RO_ACCESS_REPORT",
        "AISpecEvent",
        "RO_ACCESS_REPORT",
        "AISpecEvent",
        "ROSpecEvent",
    ]
    reports = [one for one in messages if one.name == "RO_ACCESS_REPORT"]
    assert [numbers(one, "AntennaID", "antenna_id") for one in reports] == [[1, 2], [3]]
    assert [numbers(one, "SpecIndex", "spec_index") for one in reports] == [[1, 1], [2]]


def numbers(report: Message, name: str, field: str) -> list[int]:
    found = [tag.first(name) for tag in tags(report)]
    return [one.number(field) for one in found if one is not None]


@pytest.mark.parametrize(
    ("trigger", "seconds"),
    [
        (observation(0, number_of_tags=9, timeout=700), 0.7),
        (observation(1, t=400, timeout=5000), 0.4),
        (observation(2, number_of_attempts=3, timeout=5000), 0.3),
        (gpi_value(1, 0, 600), 0.6),
    ],
)
def test_an_aispec_that_ends_in_time_ends_the_rospec(trigger: Parameter, seconds: float) -> None:
    @live
    async def check() -> None:
        inventory = aispec((0,), trigger, type=2 if trigger.name == "GPITriggerValue" else 3)
        async with reader_and_client() as (_, client, clock):
            await enable(client, rospec(start=start_trigger(0), inventories=(inventory,)))
            await client.succeed("START_ROSPEC", rospec_id=1)
            clock.advance(seconds - 0.01)
            assert await listed(client) == {1: 2}
            clock.advance(0.02)
            assert await listed(client) == {1: 1}

    check()


@live
async def test_an_aispec_ends_when_it_has_seen_its_tags_or_its_input_changes() -> None:
    inventories = (
        aispec((0,), observation(0, number_of_tags=2), type=3),
        aispec((0,), gpi_value(1, 1), type=2),
    )
    async with reader_and_client() as (reader, client, _):
        await client.succeed("SET_READER_CONFIG", GPI_ON, notify(6))
        await enable(
            client, rospec(start=start_trigger(0), inventories=inventories, report=report_spec(0, 1))
        )
        await client.succeed("START_ROSPEC", rospec_id=1)
        await reader.see(tag(1), tag(1), tag(2), tag(3))
        assert [len(tags(one)) for one in await drained(client)] == [3, 0]
        reader.gpi(1, True)
        assert [len(tags(one)) for one in await drained(client)] == [1, 0]
        assert await listed(client) == {1: 1}


@live
async def test_an_antenna_that_fell_off_hears_nothing() -> None:
    async with reader_and_client() as (reader, client, _):
        await client.succeed("SET_READER_CONFIG", notify(8))
        await enable(client, rospec())
        reader.antenna(2, False)
        reader.antenna(2, False)
        await reader.see(tag(1, antenna=2), tag(2, antenna=1))
        reader.antenna(2, True)
        await reader.see(tag(3, antenna=2))
        off, first, on, second = [await client.next() for _ in range(4)]
        assert event(off) == Parameter("AntennaEvent", {"type": 0, "antenna_id": 2})
        assert event(on) == Parameter("AntennaEvent", {"type": 1, "antenna_id": 2})
        assert [epcs(first), epcs(second)] == [[tag(2).epc], [tag(3).epc]]


@live
async def test_a_more_important_rospec_preempts() -> None:
    async with reader_and_client(Setup(FX9600)) as (_, client, _clock):
        await client.succeed("SET_READER_CONFIG", notify(2))
        await enable(client, rospec(1, priority=3))
        await enable(client, rospec(2, start=start_trigger(0), priority=3))
        answer, _ = await client.ask("START_ROSPEC", rospec_id=2)
        assert status(answer)[0] == 101
        await client.succeed("ADD_ROSPEC", rospec(5, priority=1))
        _, before = await client.ask("ENABLE_ROSPEC", rospec_id=5)
        fields = [tuple(event(one).fields.values()) for one in before]
        assert fields == [(2, 1, 5), (0, 5, 0)]
        assert await listed(client) == {1: 1, 2: 1, 5: 2}


@live
async def test_rospec_0_is_all_of_them() -> None:
    async with reader_and_client(Setup(FX9600)) as (_, client, _clock):
        for id in (1, 2, 3):
            await client.succeed("ADD_ROSPEC", rospec(id, start=start_trigger(0)))
        await client.succeed("ENABLE_ROSPEC", rospec_id=0)
        assert await listed(client) == {1: 1, 2: 1, 3: 1}
        await client.succeed("DISABLE_ROSPEC", rospec_id=0)
        assert await listed(client) == {1: 0, 2: 0, 3: 0}
        await client.succeed("DELETE_ROSPEC", rospec_id=0)
        await client.succeed("DELETE_ROSPEC", rospec_id=0)
        assert await listed(client) == {}


@live
async def test_sightings_of_a_tag_are_merged_until_they_are_reported() -> None:
    clock = SteppedClock()
    async with SimulatedReader(Setup(merges=True), clock) as reader, Client(reader.port) as client:
        await client.next()
        await enable(client, rospec(report=report_spec(2)))
        first = clock.now()
        await reader.see(Sighting(1, tag(1).epc, rssi=-60.0))
        clock.advance(0.5)
        await reader.see(Sighting(1, tag(1).epc, rssi=-40.0), Sighting(1, tag(1).epc, rssi=-50.0))
        await reader.see(Sighting(2, tag(1).epc))
        merged, other = tags(await client.next())
        assert value_of(merged, "TagSeenCount") == 3
        assert value_of(merged, "PeakRSSI") == -40
        assert value_of(merged, "FirstSeenTimestampUTC") == first
        assert value_of(merged, "LastSeenTimestampUTC") == first + 500_000
        assert value_of(other, "AntennaID") == 2
        assert reader.ledger.merged == 2


def value_of(report: Parameter, name: str) -> int:
    one = report.first(name)
    assert one is not None
    (value,) = one.fields.values()
    assert isinstance(value, int)
    return value
