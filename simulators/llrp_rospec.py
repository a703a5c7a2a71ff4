"""What a ROSpec asks for, checked against what the reader can do (LLRP 1.0.1, clause 10.2)."""

from dataclasses import dataclass

from drivers.codecs.llrp import Node, Parameter
from simulators.llrp_models import HOP_TABLE, Model
from simulators.llrp_reports import ReportRule, report_rule
from simulators.llrp_status import (
    A_INVALID,
    P_MISSING_PARAMETER,
    P_OVERFLOW_PARAMETER,
    P_UNSUPPORTED_PARAMETER,
    bad_parameter,
    bad_parameter_field,
)

NULL, IMMEDIATE, PERIODIC, GPI_START = 0, 1, 2, 3
DURATION, GPI_STOP, TAG_OBSERVATION = 1, 2, 3


@dataclass(frozen=True, slots=True)
class GpiTrigger:
    """An input line that goes to `high`; `timeout` in ms, 0 = none."""

    port: int
    high: bool
    timeout: int


@dataclass(frozen=True, slots=True)
class StartTrigger:
    """Type 0 Null, 1 Immediate, 2 Periodic, 3 GPI; offset and period in ms, `utc` in microseconds."""

    type: int
    offset: int = 0
    period: int = 0
    utc: int | None = None
    gpi: GpiTrigger | None = None


@dataclass(frozen=True, slots=True)
class StopTrigger:
    """Type 0 Null, 1 duration (ms), 2 GPI with timeout, and for an AISpec 3 tag observation."""

    type: int
    duration: int = 0
    gpi: GpiTrigger | None = None
    observation: "Observation | None" = None


@dataclass(frozen=True, slots=True)
class Observation:
    """Stop after `tags` tags (type 0), after `quiet` ms without a new tag (1) or after `attempts` rounds (2); or after `timeout` ms."""

    type: int
    tags: int
    attempts: int
    quiet: int
    timeout: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """An AISpec: its antennas (empty = all), when it ends, and the id of its inventory parameter spec."""

    antennas: frozenset[int]
    stop: StopTrigger
    parameter_spec: int


@dataclass(frozen=True, slots=True)
class RoSpec:
    """A ROSpec; `source` is the parameter that it came from."""

    id: int
    priority: int
    start: StartTrigger
    stop: StopTrigger
    inventories: tuple[Inventory, ...]
    report: ReportRule
    source: Parameter


def rospec(spec: Parameter, model: Model, default: ReportRule, utc: bool) -> RoSpec:
    """The ROSpec in an ADD_ROSPEC; raises Refused for what `model` cannot do. `default` rules if it has no ROReportSpec."""
    if not spec.number("rospec_id"):
        raise bad_parameter_field("ROSpec", "ROSpecID 0 stands for all ROSpecs: choose another", 0, A_INVALID)
    if spec.number("current_state"):
        raise bad_parameter_field("ROSpec", "a ROSpec is added in the disabled state", 2, A_INVALID)
    if spec.number("priority") >= model.priorities:
        raise bad_parameter_field("ROSpec", f"priority must be 0 to {model.priorities - 1}", 1)
    if spec.first("RFSurveySpec"):
        raise bad_parameter("RFSurveySpec", "this reader does no RF surveys", P_UNSUPPORTED_PARAMETER)
    inventories = tuple(_inventory(one, model) for one in spec.every("AISpec"))
    if len(inventories) > model.max_specs_per_rospec:
        raise bad_parameter(
            "AISpec", f"more than {model.max_specs_per_rospec} in a ROSpec", P_OVERFLOW_PARAMETER
        )
    boundary, report = _need(spec, "ROBoundarySpec"), spec.first("ROReportSpec")
    return RoSpec(
        spec.number("rospec_id"),
        spec.number("priority"),
        _start(_need(boundary, "ROSpecStartTrigger"), model, utc),
        _stop(_need(boundary, "ROSpecStopTrigger"), model, GPI_STOP),
        inventories,
        _rule(report) if report else default,
        spec,
    )


def check_antenna(antenna: Parameter, model: Model) -> None:
    """Refuse an AntennaConfiguration that names what is not in the tables of the capabilities."""
    if antenna.number("antenna_id") > model.antennas:
        raise bad_parameter_field("AntennaConfiguration", f"the reader has {model.antennas} antennas")
    for transmitter in antenna.every("RFTransmitter"):
        if transmitter.number("hop_table_id") != HOP_TABLE:
            raise bad_parameter_field("RFTransmitter", f"the only hop table is {HOP_TABLE}")
        if not 1 <= transmitter.number("transmit_power") <= len(model.powers):
            raise bad_parameter_field("RFTransmitter", f"power index is 1 to {len(model.powers)}", 2)
    for receiver in antenna.every("RFReceiver"):
        if not 1 <= receiver.number("receiver_sensitivity") <= len(model.sensitivities):
            raise bad_parameter_field("RFReceiver", f"sensitivity is 1 to {len(model.sensitivities)}")
    modes = {mode.id for mode in model.modes}
    for command in antenna.every("C1G2InventoryCommand"):
        for control in command.every("C1G2RFControl"):
            if control.number("mode_index") not in modes:
                raise bad_parameter_field("C1G2RFControl", f"RF mode must be one of {sorted(modes)}")


def _inventory(spec: Parameter, model: Model) -> Inventory:
    ids = spec.fields.get("antenna_ids", ())
    assert isinstance(ids, tuple)
    if any(id > model.antennas for id in ids):
        raise bad_parameter_field("AISpec", f"the reader has {model.antennas} antennas, not {max(ids)}")
    parameters = list(spec.every("InventoryParameterSpec"))
    if len(parameters) > 1:
        text = "this reader takes one InventoryParameterSpec per AISpec"
        raise bad_parameter("InventoryParameterSpec", text, P_OVERFLOW_PARAMETER)
    if parameters[0].number("protocol_id") != 1:
        raise bad_parameter_field(
            "InventoryParameterSpec", "the only protocol is 1, EPCglobal Class 1 Gen 2", 1
        )
    for antenna in parameters[0].every("AntennaConfiguration"):
        check_antenna(antenna, model)
    antennas = frozenset() if 0 in ids else frozenset(ids)
    stop = _stop(_need(spec, "AISpecStopTrigger"), model, TAG_OBSERVATION)
    return Inventory(antennas, stop, parameters[0].number("inventory_parameter_spec_id"))


def _start(trigger: Parameter, model: Model, utc: bool) -> StartTrigger:
    type = trigger.number("type")
    if type == PERIODIC:
        value = _need(trigger, "PeriodicTriggerValue")
        at = value.first("UTCTimestamp")
        if at and not utc:
            raise bad_parameter("UTCTimestamp", "this reader has no UTC clock", P_UNSUPPORTED_PARAMETER)
        time = at.number("microseconds") if at else None
        return StartTrigger(type, value.number("offset"), value.number("period"), time)
    if type == GPI_START:
        return StartTrigger(type, gpi=_gpi(trigger, model))
    if type > GPI_START:
        raise bad_parameter_field("ROSpecStartTrigger", f"there is no start trigger of type {type}")
    return StartTrigger(type)


def _stop(trigger: Parameter, model: Model, last: int) -> StopTrigger:
    type = trigger.number("type")
    if type > last:
        raise bad_parameter_field(trigger.name, f"there is no stop trigger of type {type}")
    gpi = _gpi(trigger, model) if type == GPI_STOP else None
    observation = _observation(trigger) if type == TAG_OBSERVATION else None
    return StopTrigger(type, trigger.number("duration"), gpi, observation)


def _observation(trigger: Parameter) -> Observation:
    value = _need(trigger, "TagObservationTrigger")
    names = ("type", "number_of_tags", "number_of_attempts", "t", "timeout")
    numbers = [value.number(name) for name in names]
    if numbers[0] > 2:
        raise bad_parameter_field("TagObservationTrigger", f"there is no type {numbers[0]}")
    return Observation(*numbers)


def _gpi(trigger: Parameter, model: Model) -> GpiTrigger:
    value = _need(trigger, "GPITriggerValue")
    port = value.number("gpi_port")
    if not 1 <= port <= model.gpis:
        raise bad_parameter_field("GPITriggerValue", f"input ports are 1 to {model.gpis}, not {port}")
    return GpiTrigger(port, bool(value.number("gpi_event")), value.number("timeout"))


def _rule(report: Parameter) -> ReportRule:
    if report.number("trigger") > 2:
        raise bad_parameter_field("ROReportSpec", f"there is no report trigger {report.number('trigger')}")
    return report_rule(report)


def _need(node: Node, name: str) -> Parameter:
    found = node.first(name)
    if found is None:
        raise bad_parameter(name, f"{node.name} needs a {name}", P_MISSING_PARAMETER)
    return found
