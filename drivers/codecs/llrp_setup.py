"""How a reader is told to read: settings and capabilities to ROSpec and reader configuration (LLRP 1.1)."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from drivers.codecs.errors import Unsupported
from drivers.codecs.llrp import Parameter, encode_parameter
from drivers.codecs.llrp_capabilities import Capabilities

GEN2 = 1
"""AirProtocols: EPCglobal class 1 generation 2."""

SEARCH_MODES = {"reader": 0, "single": 1, "dual": 2, "focus": 3}
"""Impinj's inventory search modes: the reader's choice, single target, dual target, single target with suppression."""

SearchMode = Literal["reader", "single", "dual", "focus"]

_GPI, _ROSPEC, _FILL_WARNING, _EXCEPTION, _ANTENNA = 1, 2, 3, 4, 8  # NotificationEventType


@dataclass(frozen=True, slots=True)
class Radio:
    """How one antenna transmits: power in dBm and RF mode; None leaves it to the reader."""

    power: float | None = None
    rf_mode: int | None = None


@dataclass(frozen=True, slots=True)
class GpiTrigger:
    """Read for `hold` seconds from when input `port` goes to `high`."""

    port: int
    hold: float
    high: bool = True


@dataclass(frozen=True, slots=True)
class PeriodicTrigger:
    """Read for `duration` seconds every `period` seconds."""

    period: float
    duration: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What is wanted of a reader.

    antennas    ports, empty = all; radio by port, 0 = those without an entry of their own
    session     Gen2 session 0..3; population = tags expected in view at once
    tari        ns, 0 = the reader's choice; only together with an RF mode
    search      Impinj only; None = dual target there: a tag that stays in view goes on being heard
    report_every  tags per report: above 1 a lone tag waits for others
    keepalive   s between the reader's signs of life
    inputs      GPI ports that must be switched on
    """

    antennas: tuple[int, ...] = ()
    radio: Mapping[int, Radio] = field(default_factory=dict)
    session: int = 1
    search: SearchMode | None = None
    population: int = 32
    tari: int = 0
    phase: bool = False
    doppler: bool = False
    channel: bool = True
    report_every: int = 1
    trigger: GpiTrigger | PeriodicTrigger | None = None
    keepalive: float = 5.0
    inputs: tuple[int, ...] = ()


def ro_spec(reading: Reading, reader: Capabilities, extensions: bool) -> Parameter:
    """The ROSpec for `reading`; its id is a hash of what it says, so that it is known again.

    Raises Unsupported if the reader does not offer what is wanted.
    """
    spec = Parameter(
        "ROSpec",
        {"rospec_id": 0},
        (_boundary(reading), _antennas(reading, reader, extensions), _report(reading, extensions)),
    )
    id = zlib.crc32(encode_parameter(spec)) & 0x7FFF_FFFF
    return replace(spec, fields={"rospec_id": id or 1})


def reader_config(reading: Reading, reader: Capabilities) -> tuple[Parameter, ...]:
    """What goes into SET_READER_CONFIG: keepalive, events, inputs, and to hold reports while nobody listens."""
    wanted = {
        _GPI: reader.inputs > 0 or bool(reading.inputs),
        _ROSPEC: True,
        _FILL_WARNING: reader.warns,
        _EXCEPTION: True,
        _ANTENNA: True,
    }
    states = tuple(
        Parameter("EventNotificationState", {"event_type": type, "notification_state": 1})
        for type, on in wanted.items()
        if on
    )
    inputs = tuple(
        Parameter("GPIPortCurrentState", {"gpi_port": port, "config": 1, "state": 2})
        for port in reading.inputs
    )
    hold = (Parameter("EventsAndReports", {"hold": 1}),) if reader.holds else ()
    return (
        Parameter("ReaderEventNotificationSpec", {}, states),
        Parameter("KeepaliveSpec", {"type": 1, "period": _milliseconds(reading.keepalive)}),
        *inputs,
        *hold,
    )


def _boundary(reading: Reading) -> Parameter:
    trigger = reading.trigger
    if trigger is None:
        start, duration = Parameter("ROSpecStartTrigger", {"type": 1}), 0
    elif isinstance(trigger, GpiTrigger):
        value = Parameter("GPITriggerValue", {"gpi_port": trigger.port, "gpi_event": int(trigger.high)})
        start, duration = Parameter("ROSpecStartTrigger", {"type": 3}, (value,)), _milliseconds(trigger.hold)
    else:
        value = Parameter("PeriodicTriggerValue", {"period": _milliseconds(trigger.period)})
        start = Parameter("ROSpecStartTrigger", {"type": 2}, (value,))
        duration = _milliseconds(trigger.duration)
    stop = Parameter("ROSpecStopTrigger", {"type": int(duration > 0), "duration": duration})
    return Parameter("ROBoundarySpec", {}, (start, stop))


def _antennas(reading: Reading, reader: Capabilities, extensions: bool) -> Parameter:
    configurations = tuple(
        Parameter(
            "AntennaConfiguration",
            {"antenna_id": port},
            (*_transmitter(radio, reader), _inventory(reading, radio, reader, extensions)),
        )
        for port, radio in sorted(_radios(reading).items())
    )
    inventory = Parameter(
        "InventoryParameterSpec", {"inventory_parameter_spec_id": 1, "protocol_id": GEN2}, configurations
    )
    return Parameter(
        "AISpec", {"antenna_ids": reading.antennas or (0,)}, (Parameter("AISpecStopTrigger"), inventory)
    )


def _radios(reading: Reading) -> dict[int, Radio]:
    """One entry per antenna to be configured on its own; port 0 stands for all of them if they are alike."""
    rest = reading.radio.get(0, Radio())
    if all(radio == rest for radio in reading.radio.values()):
        return {0: rest}
    if not reading.antennas:
        raise Unsupported("radio settings for single antennas need the list of antennas; give their ports")
    return {port: reading.radio.get(port, rest) for port in reading.antennas}


def _transmitter(radio: Radio, reader: Capabilities) -> tuple[Parameter, ...]:
    if radio.power is None:
        return ()
    values = {
        "hop_table_id": next(iter(reader.hop_tables), 0),
        "channel_index": 1,
        "transmit_power": reader.power_index(radio.power),
    }
    return (Parameter("RFTransmitter", values),)


def _inventory(reading: Reading, radio: Radio, reader: Capabilities, extensions: bool) -> Parameter:
    children = []
    if radio.rf_mode is not None:
        children.append(
            Parameter("C1G2RFControl", {"mode_index": reader.mode(radio.rf_mode), "tari": reading.tari})
        )
    children.append(
        Parameter(
            "C1G2SingulationControl", {"session": reading.session, "tag_population": reading.population}
        )
    )
    if extensions:
        mode = SEARCH_MODES[reading.search or "dual"]
        children.append(Parameter("ImpinjInventorySearchMode", {"mode": mode}))
    elif reading.search is not None:
        raise Unsupported(
            f"search {reading.search!r} is an extension of Impinj's readers; leave it out for {reader}"
        )
    return Parameter("C1G2InventoryCommand", {}, tuple(children))


def _report(reading: Reading, extensions: bool) -> Parameter:
    wanted = ("antenna_id", "peak_rssi", "first_seen", "last_seen", "tag_seen_count")
    selector = dict.fromkeys((*wanted, *(["channel_index"] if reading.channel else [])), 1)
    children = [Parameter("TagReportContentSelector", selector)]
    if extensions:
        children.append(Parameter("ImpinjTagReportContentSelector", {}, _fine(reading)))
    elif reading.phase or reading.doppler:
        raise Unsupported("phase and doppler are extensions of Impinj's readers; leave them out")
    return Parameter("ROReportSpec", {"trigger": 2, "n": reading.report_every}, tuple(children))


def _fine(reading: Reading) -> tuple[Parameter, ...]:
    """Impinj's finer values: RSSI always."""
    wanted = {
        "ImpinjEnableRFPhaseAngle": reading.phase,
        "ImpinjEnablePeakRSSI": True,
        "ImpinjEnableRFDopplerFrequency": reading.doppler,
    }
    return tuple(Parameter(name, {"mode": 1}) for name, on in wanted.items() if on)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
