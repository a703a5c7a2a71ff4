"""What the simulated reader says it can do, how it is configured, and what it answers to nonsense."""

import pytest

from drivers.codecs.llrp import Message, Parameter
from simulators.llrp_device import Setup
from simulators.llrp_models import FX9600, R420
from simulators.llrp_reports import Sighting
from tests.llrp_client import (
    Client,
    below,
    event,
    field_error,
    live,
    notify,
    reader_and_client,
    report_spec,
    rospec,
    status,
    tags,
)

EPC = bytes.fromhex("3034257bf7194e4000001a81")


async def capabilities(client: Client, requested: int = 0, *customs: Parameter) -> Message:
    return await client.succeed("GET_READER_CAPABILITIES", *customs, requested_data=requested)


@live
async def test_capabilities_of_an_impinj() -> None:
    async with reader_and_client(Setup(R420)) as (_, client, _clock):
        answer = await capabilities(client)
    general = below(answer, "GeneralDeviceCapabilities")
    assert (general.number("manufacturer"), general.number("model")) == (25882, 2001002)
    assert (general.number("max_antennas"), general.number("has_utc_clock")) == (4, 1)
    assert below(general, "GPIOCapabilities").fields == {"gpis": 4, "gpos": 4}
    assert below(answer, "LLRPCapabilities").number("max_rospecs") == 1
    assert below(answer, "LLRPCapabilities").number("supports_holding") == 1
    band = below(answer, "RegulatoryCapabilities", "UHFBandCapabilities")
    powers = [entry.number("power") for entry in band.every("TransmitPowerLevelTableEntry")]
    assert (powers[0], powers[-1], len(powers)) == (1000, 3250, 91)
    hops = below(band, "FrequencyInformation", "FrequencyHopTable")
    assert hops.number("hop_table_id") == 1
    assert len(hops.fields["frequencies"]) == 50  # type: ignore[arg-type]
    modes = [
        one.number("mode_id") for one in below(band, "C1G2UHFRFModeTable").every("C1G2UHFRFModeTableEntry")
    ]
    assert 1000 in modes


@live
async def test_capabilities_of_a_zebra() -> None:
    async with reader_and_client(Setup(FX9600)) as (_, client, _clock):
        answer = await capabilities(client)
    assert below(answer, "GeneralDeviceCapabilities").number("manufacturer") == 161
    assert below(answer, "GeneralDeviceCapabilities").number("max_antennas") == 8


@pytest.mark.parametrize(
    ("requested", "names"),
    [
        (1, ["GeneralDeviceCapabilities"]),
        (2, ["LLRPCapabilities"]),
        (3, ["RegulatoryCapabilities"]),
        (4, ["C1G2LLRPCapabilities"]),
    ],
)
def test_capabilities_in_parts(requested: int, names: list[str]) -> None:
    @live
    async def check() -> None:
        async with reader_and_client() as (_, client, _clock):
            answer = await capabilities(client, requested)
            assert [one.name for one in answer.children if isinstance(one, Parameter)] == [
                "LLRPStatus",
                *names,
            ]

    check()


@live
async def test_impinj_extensions_must_be_enabled_on_every_connection() -> None:
    selector = Parameter(
        "ImpinjTagReportContentSelector", {}, (Parameter("ImpinjEnablePeakRSSI", {"mode": 1}),)
    )
    spec = rospec(report=report_spec(1, 2, selector))
    async with reader_and_client() as (reader, client, _):
        answer, _before = await client.ask("ADD_ROSPEC", spec)
        assert (status(answer)[0], field_error(answer)) == (100, 209)
        await client.succeed("IMPINJ_ENABLE_EXTENSIONS")
        await client.succeed("ADD_ROSPEC", spec)
        await client.succeed("ENABLE_ROSPEC", rospec_id=1)
        await reader.see(Sighting(1, EPC, rssi=-55.12))
        (report,) = tags(await client.next())
        assert below(report, "ImpinjPeakRSSI").number("rssi") == -5512
        reader.drop_connection()
        async with Client(reader.port) as again:
            await again.next()
            await reader.see(Sighting(1, EPC))
            (report,) = tags(await again.next())
            assert report.first("ImpinjPeakRSSI") is None


@live
async def test_impinj_details_for_those_who_ask() -> None:
    async with reader_and_client() as (_, client, _clock):
        await client.succeed("IMPINJ_ENABLE_EXTENSIONS")
        answer = await capabilities(client, 0, Parameter("ImpinjRequestedData", {"requested_data": 1001}))
        assert below(answer, "ImpinjDetailedVersion").fields["model_name"] == "Speedway R420"
        wanted = Parameter("ImpinjRequestedData", {"requested_data": 2000})
        answer = await client.succeed("GET_READER_CONFIG", wanted)
        assert below(answer, "ImpinjReaderTemperature").number("temperature") > 0
        await client.succeed("IMPINJ_SAVE_SETTINGS", save_configuration=1)


@live
async def test_a_zebra_does_not_know_impinj_messages() -> None:
    async with reader_and_client(Setup(FX9600)) as (_, client, _clock):
        answer, _before = await client.ask("IMPINJ_ENABLE_EXTENSIONS")
        assert (answer.name, status(answer)[0]) == ("ERROR_MESSAGE", 109)


@live
async def test_configuration_is_kept_and_told() -> None:
    async with reader_and_client() as (reader, client, _):
        before = await client.succeed("GET_READER_CONFIG")
        await client.succeed(
            "SET_READER_CONFIG",
            notify(1, 8),
            Parameter("KeepaliveSpec", {"type": 1, "period": 5000}),
            Parameter("GPOWriteData", {"gpo_port": 2, "gpo_data": 1}),
            Parameter("GPIPortCurrentState", {"gpi_port": 3, "config": 1}),
            Parameter("EventsAndReports", {"hold": 1}),
            Parameter("AccessReportSpec", {"trigger": 1}),
            report_spec(5),
        )
        reader.gpi(3, True)
        after = await client.succeed("GET_READER_CONFIG")
        assert reader.device.config.gpos_high == {2}
    assert below(after, "KeepaliveSpec").fields == {"type": 1, "period": 5000}
    assert below(after, "EventsAndReports").number("hold") == 1
    assert below(after, "AccessReportSpec").number("trigger") == 1
    assert below(after, "ROReportSpec").number("n") == 5
    assert [one.number("gpo_data") for one in after.every("GPOWriteData")] == [0, 1, 0, 0]
    assert [one.number("state") for one in after.every("GPIPortCurrentState")] == [0, 0, 1, 0]
    states = below(after, "ReaderEventNotificationSpec").every("EventNotificationState")
    assert [one.number("event_type") for one in states if one.number("notification_state")] == [1, 8]
    values = [below(one, "LLRPConfigurationStateValue").number("value") for one in (before, after)]
    assert values[0] != values[1]


@live
async def test_configuration_in_parts_and_of_one_port() -> None:
    async with reader_and_client() as (reader, client, _):
        reader.antenna(2, False)
        answer = await client.succeed("GET_READER_CONFIG", requested_data=2, antenna_id=2)
        (antenna,) = [one for one in answer.children[1:] if isinstance(one, Parameter)]
        assert antenna.fields["antenna_connected"] == 0
        answer = await client.succeed("GET_READER_CONFIG", requested_data=9)
        assert len(answer.children) == 5


@live
async def test_antenna_settings_are_kept_for_one_or_all() -> None:
    transmitter = Parameter("RFTransmitter", {"hop_table_id": 1, "channel_index": 1, "transmit_power": 10})
    async with reader_and_client() as (_, client, _clock):
        await client.succeed(
            "SET_READER_CONFIG", Parameter("AntennaConfiguration", {"antenna_id": 0}, (transmitter,))
        )
        await client.succeed("SET_READER_CONFIG", Parameter("AntennaConfiguration", {"antenna_id": 2}))
        answer = await client.succeed("GET_READER_CONFIG", requested_data=3)
    powers = [
        one.number("transmit_power")
        for antenna in answer.every("AntennaConfiguration")
        for one in antenna.every("RFTransmitter")
    ]
    assert powers == [10, 10, 10]


@live
async def test_a_factory_reset_forgets_rospecs_and_settings() -> None:
    async with reader_and_client() as (reader, client, _):
        await client.succeed("SET_READER_CONFIG", notify(4), Parameter("EventsAndReports", {"hold": 1}))
        await client.succeed("ADD_ROSPEC", rospec())
        await client.succeed("SET_READER_CONFIG", reset_to_factory_default=1)
        reader.exception("nobody asked")
        answer, before = await client.ask("GET_ROSPECS")
        assert before == []
        assert list(answer.every("ROSpec")) == []
        assert not reader.device.config.hold


@live
async def test_an_exception_is_told_to_those_who_asked() -> None:
    async with reader_and_client() as (reader, client, _):
        await client.succeed("SET_READER_CONFIG", notify(4))
        reader.exception("over temperature")
        assert event(await client.next()).fields == {"message": "over temperature"}


def properties() -> Parameter:
    return Parameter("AntennaProperties", {"antenna_id": 1, "antenna_gain": 600})


@pytest.mark.parametrize(
    ("parameter", "code"),
    [
        (Parameter("GPOWriteData", {"gpo_port": 5, "gpo_data": 1}), 301),
        (Parameter("GPOWriteData", {"gpo_port": 0, "gpo_data": 1}), 301),
        (Parameter("GPIPortCurrentState", {"gpi_port": 5}), 301),
        (Parameter("AntennaConfiguration", {"antenna_id": 5}), 301),
        (Parameter("AntennaConfiguration", {}, (Parameter("RFReceiver", {"receiver_sensitivity": 0}),)), 301),
        (properties(), 209),
        (notify(9), 301),
        (Parameter("Custom", {"vendor": 1234, "subtype": 5, "data": b"x"}), 209),
        (Parameter("ImpinjReportBufferConfiguration", {"mode": 1}), 209),
    ],
)
def test_a_setting_that_cannot_be_changes_nothing(parameter: Parameter, code: int) -> None:
    @live
    async def check() -> None:
        async with reader_and_client() as (reader, client, _):
            keepalive = Parameter("KeepaliveSpec", {"type": 1, "period": 5000})
            answer, _before = await client.ask("SET_READER_CONFIG", parameter, keepalive)
            assert (status(answer)[0], field_error(answer)) == (100, code)
            assert reader.device.config.keepalive == 0

    check()


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("GET_READER_CAPABILITIES", {"requested_data": 5}),
        ("GET_READER_CONFIG", {"requested_data": 12}),
        ("GET_READER_CONFIG", {"antenna_id": 5}),
        ("GET_READER_CONFIG", {"gpi_port": 5}),
        ("GET_READER_CONFIG", {"gpo_port": 5}),
        ("DELETE_ACCESSSPEC", {"access_spec_id": 5}),
    ],
)
def test_a_question_that_makes_no_sense(name: str, fields: dict[str, int]) -> None:
    @live
    async def check() -> None:
        async with reader_and_client() as (_, client, _clock):
            answer, _before = await client.ask(name, version=1, **fields)
            assert (status(answer)[0], field_error(answer)) == (101, 300)

    check()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("0400 0000000a 00000007", 109),
        ("07ff 0000000f 00000007 000004d205", 109),
        ("042e 0000000a 00000007", 109),
        ("0401 0000000a 00000007", 109),
        ("0801 0000000b 00000007 00", 110),
        ("043d 0000000a 00000007", 109),
    ],
)
def test_a_message_that_is_not_supported_gets_an_error_message(data: str, code: int) -> None:
    @live
    async def check() -> None:
        async with reader_and_client() as (_, client, _clock):
            client.send_bytes(bytes.fromhex(data))
            answer = await client.next()
            assert (answer.name, answer.id, status(answer)[0]) == ("ERROR_MESSAGE", 7, code)
            assert answer.version == bytes.fromhex(data)[0] >> 2
            await client.succeed("GET_ROSPECS")

    check()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("0123 0008 00000000", 207),
        ("00dc 0005 01", 200),
        ("95", 207),
        ("", 0),
    ],
)
def test_a_parameter_that_is_not_understood_is_named(body: str, code: int) -> None:
    @live
    async def check() -> None:
        data = bytes.fromhex(body)
        async with reader_and_client() as (_, client, _clock):
            name = 3 if data else 20
            head = (0x0400 | name).to_bytes(2) + (10 + bool(data) + len(data)).to_bytes(4) + (7).to_bytes(4)
            client.send_bytes(head + b"\x00" * bool(data) + data)
            answer = await client.next()
            assert answer.name == ("SET_READER_CONFIG_RESPONSE" if data else "ADD_ROSPEC_RESPONSE")
            assert (status(answer)[0], field_error(answer)) == (100, code)

    check()


@live
async def test_an_error_message_gets_no_answer() -> None:
    async with reader_and_client() as (_, client, _clock):
        client.send("ERROR_MESSAGE", Parameter("LLRPStatus", {"status_code": 100}))
        answer, before = await client.ask("GET_ROSPECS")
        assert (answer.name, before) == ("GET_ROSPECS_RESPONSE", [])


def access_spec(id: int, state: int = 0) -> Parameter:
    stop = Parameter("AccessSpecStopTrigger", {"type": 1, "operation_count": 1})
    target = Parameter("C1G2TargetTag", {"memory_bank": 1, "match": 1, "pointer": 32})
    read = Parameter("C1G2Read", {"op_spec_id": 1, "memory_bank": 2, "word_count": 6})
    command = Parameter("AccessCommand", {}, (Parameter("C1G2TagSpec", {}, (target,)), read))
    fields = {"access_spec_id": id, "protocol_id": 1, "current_state": state}
    return Parameter("AccessSpec", fields, (stop, command))


@live
async def test_access_specs_are_kept_switched_and_deleted() -> None:
    async with reader_and_client() as (_, client, _clock):
        for id in range(1, 9):
            await client.succeed("ADD_ACCESSSPEC", access_spec(id))
        await client.succeed("ENABLE_ACCESSSPEC", access_spec_id=3)
        answer = await client.succeed("GET_ACCESSSPECS")
        on = [
            one.number("access_spec_id") for one in answer.every("AccessSpec") if one.number("current_state")
        ]
        assert on == [3]
        await client.succeed("DISABLE_ACCESSSPEC", access_spec_id=0)
        for wrong, code in ((access_spec(9), 205), (access_spec(3), 300), (access_spec(9, 1), 300)):
            refusal, _before = await client.ask("ADD_ACCESSSPEC", wrong)
            assert (status(refusal)[0], field_error(refusal)) == (100, code)
        await client.succeed("DELETE_ACCESSSPEC", access_spec_id=0)
        assert len((await client.succeed("GET_ACCESSSPECS")).children) == 1
