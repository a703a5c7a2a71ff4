"""ROSpecs that the simulated reader refuses, and how it says so."""

import dataclasses

import pytest

from drivers.codecs.llrp import Parameter
from simulators.clock import OwnClock
from simulators.llrp_device import Setup
from simulators.llrp_models import R420
from tests.llrp_client import (
    aispec,
    field_error,
    gpi_value,
    listed,
    live,
    observation,
    reader_and_client,
    report_spec,
    rospec,
    start_trigger,
    status,
    stop_trigger,
)


@pytest.mark.parametrize(
    ("name", "id", "code"),
    [
        ("DELETE_ROSPEC", 9, 300),
        ("ENABLE_ROSPEC", 9, 300),
        ("DISABLE_ROSPEC", 9, 300),
        ("START_ROSPEC", 9, 300),
        ("STOP_ROSPEC", 9, 300),
        ("START_ROSPEC", 0, 300),
        ("STOP_ROSPEC", 0, 300),
        ("START_ROSPEC", 1, 300),
        ("STOP_ROSPEC", 1, 300),
    ],
)
def test_a_rospec_that_is_not_there_or_not_ready(name: str, id: int, code: int) -> None:
    @live
    async def check() -> None:
        async with reader_and_client() as (_, client, _clock):
            await client.succeed("ADD_ROSPEC", rospec())
            answer, _ = await client.ask(name, rospec_id=id)
            assert (answer.name, status(answer)[0], field_error(answer)) == (f"{name}_RESPONSE", 101, code)
            assert await listed(client) == {1: 0}

    check()


def transmitter(hop_table: int, power: int) -> Parameter:
    fields = {"hop_table_id": hop_table, "channel_index": 1, "transmit_power": power}
    return Parameter("AntennaConfiguration", {"antenna_id": 1}, (Parameter("RFTransmitter", fields),))


def rf_mode(mode: int) -> Parameter:
    control = Parameter("C1G2RFControl", {"mode_index": mode})
    return Parameter(
        "AntennaConfiguration", {"antenna_id": 1}, (Parameter("C1G2InventoryCommand", {}, (control,)),)
    )


def with_antenna(antenna: Parameter) -> Parameter:
    return rospec(inventories=(aispec((0,), inside=(antenna,)),))


SURVEY = Parameter("RFSurveySpec", {"antenna_id": 1}, (Parameter("RFSurveySpecStopTrigger"),))


def two_inventories(protocol: int) -> Parameter:
    stop = Parameter("AISpecStopTrigger", {"type": 0})
    inventory = Parameter(
        "InventoryParameterSpec", {"inventory_parameter_spec_id": 1, "protocol_id": protocol}
    )
    return Parameter("AISpec", {"antenna_ids": (0,)}, (stop, inventory) + (inventory,) * (protocol == 1))


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (rospec(inventories=(two_inventories(1),)), 205),
        (rospec(inventories=(two_inventories(2),)), 301),
        (rospec(0), 300),
        (rospec(state=1), 300),
        (rospec(priority=1), 301),
        (rospec(antennas=(5,)), 301),
        (rospec(start=start_trigger(2)), 203),
        (rospec(start=start_trigger(3)), 203),
        (rospec(start=start_trigger(4)), 301),
        (rospec(start=start_trigger(3, gpi_value(5, 1))), 301),
        (rospec(stop=stop_trigger(2)), 203),
        (rospec(stop=stop_trigger(3)), 301),
        (rospec(inventories=(aispec((0,), type=3),)), 203),
        (rospec(inventories=(aispec((0,), observation(3), type=3),)), 301),
        (rospec(inventories=(SURVEY,)), 209),
        (rospec(inventories=(aispec(),) * 17), 205),
        (rospec(report=report_spec(1, 3)), 301),
        (with_antenna(transmitter(2, 1)), 301),
        (with_antenna(transmitter(1, 92)), 301),
        (with_antenna(transmitter(1, 0)), 301),
        (with_antenna(rf_mode(77)), 301),
    ],
)
def test_a_rospec_that_cannot_be_is_refused(spec: Parameter, code: int) -> None:
    @live
    async def check() -> None:
        async with reader_and_client() as (_, client, _clock):
            answer, _ = await client.ask("ADD_ROSPEC", spec)
            assert (status(answer)[0], field_error(answer)) == (100, code)
            assert status(answer)[1]
            assert await listed(client) == {}

    check()


@live
async def test_a_rospec_with_power_and_mode_of_the_tables_is_taken() -> None:
    async with reader_and_client() as (_, client, _clock):
        inside = (transmitter(1, 91), rf_mode(1002))
        await client.succeed("ADD_ROSPEC", rospec(inventories=(aispec((0,), inside=inside),)))
        answer, _ = await client.ask("ADD_ROSPEC", rospec())
        assert field_error(answer) == 300
        answer, _ = await client.ask("ADD_ROSPEC", rospec(2))
        assert (status(answer)[0], field_error(answer)) == (100, 205)


@live
async def test_a_reader_without_a_clock_takes_no_time_of_day() -> None:
    at = Parameter("UTCTimestamp", {"microseconds": 1})
    value = Parameter("PeriodicTriggerValue", {"offset": 1000, "period": 0}, (at,))
    async with reader_and_client(Setup(clock=OwnClock(utc=False))) as (_, client, _clock):
        answer, _ = await client.ask("ADD_ROSPEC", rospec(start=start_trigger(2, value)))
        assert field_error(answer) == 209


@live
async def test_a_reader_that_cannot_hold_says_so() -> None:
    model = dataclasses.replace(R420, holds=False)
    async with reader_and_client(Setup(model)) as (_, client, _clock):
        answer, _ = await client.ask("SET_READER_CONFIG", Parameter("EventsAndReports", {"hold": 1}))
        assert (status(answer)[0], field_error(answer)) == (100, 209)
        await client.succeed("SET_READER_CONFIG", Parameter("EventsAndReports", {"hold": 0}))
