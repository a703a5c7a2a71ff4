"""Tag reports of the simulated reader: the fields that were selected and no other, EPCs of any length."""

import pytest

from drivers.codecs.llrp import Parameter
from simulators.llrp_reports import Sighting
from tests.llrp_client import aispec, below, live, reader_and_client, report_spec, rospec, tags

EPC = bytes.fromhex("3034257bf7194e4000001a81")


@live
async def test_every_selected_field_is_reported_and_no_other() -> None:
    names = {
        "rospec_id": ("ROSpecID", 1),
        "spec_index": ("SpecIndex", 1),
        "inventory_parameter_spec_id": ("InventoryParameterSpecID", 7),
        "antenna_id": ("AntennaID", 3),
        "channel_index": ("ChannelIndex", 17),
        "peak_rssi": ("PeakRSSI", -61),
        "first_seen": ("FirstSeenTimestampUTC", 5),
        "last_seen": ("LastSeenTimestampUTC", 5),
        "tag_seen_count": ("TagSeenCount", 1),
        "access_spec_id": ("AccessSpecID", 0),
    }
    for wanted, (name, value) in names.items():
        async with reader_and_client() as (reader, client, _):
            await client.succeed("ADD_ROSPEC", rospec(report=report_spec(1, 2, **{wanted: 1})))
            await client.succeed("ENABLE_ROSPEC", rospec_id=1)
            await reader.see(Sighting(3, EPC, 5, rssi=-61.2, channel=17))
            (report,) = tags(await client.next())
            assert [one.name for one in report.children if isinstance(one, Parameter)] == ["EPC_96", name]
            assert list(below(report, name).fields.values()) == [value]


@live
async def test_impinj_fields_are_those_that_were_enabled() -> None:
    switches = (
        Parameter("ImpinjEnableSerializedTID", {"mode": 1}),
        Parameter("ImpinjEnableRFPhaseAngle", {"mode": 1}),
        Parameter("ImpinjEnablePeakRSSI", {"mode": 0}),
        Parameter("ImpinjEnableRFDopplerFrequency", {"mode": 1}),
    )
    report = report_spec(1, 2, Parameter("ImpinjTagReportContentSelector", {}, switches))
    tid = bytes.fromhex("e28011700000020d2a412182")
    async with reader_and_client() as (reader, client, _):
        await client.succeed("IMPINJ_ENABLE_EXTENSIONS")
        await client.succeed("ADD_ROSPEC", rospec(report=report))
        await client.succeed("ENABLE_ROSPEC", rospec_id=1)
        await reader.see(Sighting(1, EPC, phase=3.14159265 / 2, doppler=-12 / 16, tid=tid))
        (tag,) = tags(await client.next())
    assert below(tag, "ImpinjRFPhaseAngle").number("phase_angle") == 1024
    assert below(tag, "ImpinjRFDopplerFrequency").number("doppler_frequency") == -12
    assert below(tag, "ImpinjSerializedTID").fields["tid"] == (0xE280, 0x1170, 0x0000, 0x020D, 0x2A41, 0x2182)
    assert tag.first("ImpinjPeakRSSI") is None


@pytest.mark.parametrize(("epc", "bits"), [("", 0), ("80", 1), ("30340789000C0E42", 63), ("ab" * 62, 496)])
def test_other_epcs_than_96_bits(epc: str, bits: int) -> None:
    @live
    async def check() -> None:
        async with reader_and_client() as (reader, client, _):
            await client.succeed("ADD_ROSPEC", rospec())
            await client.succeed("ENABLE_ROSPEC", rospec_id=1)
            await reader.see(Sighting(1, bytes.fromhex(epc), bits=bits))
            (tag,) = tags(await client.next())
            value = below(tag, "EPCData").fields["epc"]
            assert (value.count, value.data) == (bits, bytes.fromhex(epc))  # type: ignore[union-attr]

    check()


@live
async def test_protocol_control_word_and_crc() -> None:
    memory = Parameter("C1G2EPCMemorySelector", {"crc": 1, "pc_bits": 1})
    selector = Parameter("TagReportContentSelector", {"antenna_id": 1}, (memory,))
    report = Parameter("ROReportSpec", {"trigger": 2, "n": 1}, (selector,))
    async with reader_and_client() as (reader, client, _):
        await client.succeed("ADD_ROSPEC", rospec(inventories=(aispec(),), report=report))
        await client.succeed("ENABLE_ROSPEC", rospec_id=1)
        await reader.see(Sighting(1, bytes.fromhex("30751FEB705C5904E3D50D70")))
        (tag,) = tags(await client.next())
    assert below(tag, "C1G2_PC").number("pc_bits") == 0x3000
    assert below(tag, "C1G2_CRC").number("crc") == gen2_crc(bytes.fromhex("300030751FEB705C5904E3D50D70"))


def gen2_crc(data: bytes) -> int:
    """CRC-16 of ISO/IEC 18000-63 annex F, bit by bit: polynomial 0x1021, preset 0xFFFF, complemented."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc ^ 0xFFFF
