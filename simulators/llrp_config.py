"""A reader's configuration: SET_READER_CONFIG and GET_READER_CONFIG (LLRP 1.0.1, clause 12.2)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from drivers.codecs.llrp import Message, Parameter
from simulators.llrp_models import HOP_TABLE, Model
from simulators.llrp_reports import ReportRule, report_rule
from simulators.llrp_rospec import check_antenna
from simulators.llrp_status import P_UNSUPPORTED_PARAMETER, bad_field, bad_parameter, bad_parameter_field

GPI_EVENT, ROSPEC_EVENT, FILL_WARNING, EXCEPTION, AISPEC_EVENT, ANTENNA_EVENT = 1, 2, 3, 4, 6, 8
"""Event types of clause 13.2.5.1 that can be switched; connection events and overflow are always told."""

_EVENT_TYPES = 9
_REPORT = Parameter(
    "ROReportSpec",
    {"trigger": 2, "n": 0},
    (
        Parameter(
            "TagReportContentSelector",
            {"antenna_id": 1, "peak_rssi": 1, "first_seen": 1, "last_seen": 1, "tag_seen_count": 1},
        ),
    ),
)


@dataclass(slots=True)
class Config:
    """What a client has set; the ports' levels are the world's. Input lines are off until a client enables them."""

    model: Model
    keepalive: int = 0  # ms, 0 = none
    hold: bool = False
    events: set[int] = field(default_factory=set)
    gpis_on: set[int] = field(default_factory=set)
    gpis_high: set[int] = field(default_factory=set)
    gpos_high: set[int] = field(default_factory=set)
    unplugged: set[int] = field(default_factory=set)
    antennas: dict[int, Parameter] = field(default_factory=dict)
    report: Parameter = _REPORT
    access_report: int = 0

    @property
    def report_rule(self) -> ReportRule:
        """The default ROReportSpec."""
        return report_rule(self.report)

    def reset(self) -> None:
        """Factory defaults."""
        self.keepalive, self.hold, self.report, self.access_report = 0, False, _REPORT, 0
        for one in (self.events, self.gpis_on, self.gpos_high):
            one.clear()
        self.antennas.clear()

    def set(self, message: Message) -> None:
        """Carry out a SET_READER_CONFIG, whole or, when it raises Refused, not at all."""
        self._check(message)
        if message.number("reset_to_factory_default"):
            self.reset()
        for one in message.children:
            if isinstance(one, Parameter):
                self._set(one)

    def _check(self, message: Message) -> None:
        for gpo in message.every("GPOWriteData"):
            if not 1 <= gpo.number("gpo_port") <= self.model.gpos:
                raise bad_parameter_field("GPOWriteData", f"output ports are 1 to {self.model.gpos}")
        for gpi in message.every("GPIPortCurrentState"):
            if not 1 <= gpi.number("gpi_port") <= self.model.gpis:
                raise bad_parameter_field("GPIPortCurrentState", f"input ports are 1 to {self.model.gpis}")
        for antenna in message.every("AntennaConfiguration"):
            check_antenna(antenna, self.model)
        if message.first("AntennaProperties"):
            text = "antenna properties cannot be set on this reader"
            raise bad_parameter("AntennaProperties", text, P_UNSUPPORTED_PARAMETER)
        hold = message.first("EventsAndReports")
        if hold and hold.number("hold") and not self.model.holds:
            raise bad_parameter(
                "EventsAndReports", "this reader cannot hold reports", P_UNSUPPORTED_PARAMETER
            )
        for spec in message.every("ReaderEventNotificationSpec"):
            if any(one.number("event_type") >= _EVENT_TYPES for one in spec.every("EventNotificationState")):
                raise bad_parameter_field("EventNotificationState", "event types are 0 to 8")

    def _set(self, one: Parameter) -> None:
        if one.name == "KeepaliveSpec":
            self.keepalive = one.number("period") if one.number("type") else 0
        elif one.name == "EventsAndReports":
            self.hold = bool(one.number("hold"))
        elif one.name == "ReaderEventNotificationSpec":
            for state in one.every("EventNotificationState"):
                _switch(self.events, state.number("event_type"), state.number("notification_state"))
        elif one.name == "GPOWriteData":
            _switch(self.gpos_high, one.number("gpo_port"), one.number("gpo_data"))
        elif one.name == "GPIPortCurrentState":
            _switch(self.gpis_on, one.number("gpi_port"), one.number("config"))
        elif one.name == "AntennaConfiguration":
            id = one.number("antenna_id")
            self.antennas |= {port: one for port in ([id] if id else range(1, self.model.antennas + 1))}
        elif one.name == "ROReportSpec":
            self.report = one
        elif one.name == "AccessReportSpec":
            self.access_report = one.number("trigger")

    def describe(self, request: Message, identity: bytes, state: int) -> tuple[Parameter, ...]:
        """The answer to GET_READER_CONFIG: kinds 0 to 11 of clause 12.1.1; `state` is the configuration state value."""
        requested = request.number("requested_data")
        if requested > 11:
            raise bad_field("requested data is 0 to 11", field=1)
        ports = [
            _ports("antenna", request.number("antenna_id"), self.model.antennas, 0),
            _ports("input port", request.number("gpi_port"), self.model.gpis, 2),
            _ports("output port", request.number("gpo_port"), self.model.gpos, 3),
        ]
        kinds = self._kinds(ports[0], ports[1], ports[2], identity, state)
        return tuple(one for kind, one in kinds if requested in (0, kind))

    def _kinds(
        self, antennas: range, gpis: range, gpos: range, identity: bytes, state: int
    ) -> Iterator[tuple[int, Parameter]]:
        yield 1, Parameter("Identification", {"type": 0, "reader_id": identity})
        for port in antennas:
            connected = int(port not in self.unplugged)
            yield 2, Parameter("AntennaProperties", {"antenna_connected": connected, "antenna_id": port})
        for port in antennas:
            yield 3, self._antenna(port)
        states = tuple(
            Parameter(
                "EventNotificationState", {"event_type": n, "notification_state": int(n in self.events)}
            )
            for n in range(_EVENT_TYPES)
        )
        yield 5, Parameter("ReaderEventNotificationSpec", {}, states)
        yield 4, self.report
        yield 6, Parameter("AccessReportSpec", {"trigger": self.access_report})
        yield 7, Parameter("LLRPConfigurationStateValue", {"value": state})
        yield 8, Parameter("KeepaliveSpec", {"type": int(self.keepalive > 0), "period": self.keepalive})
        for port in gpis:
            on, high = int(port in self.gpis_on), int(port in self.gpis_high)
            yield 9, Parameter("GPIPortCurrentState", {"gpi_port": port, "config": on, "state": high})
        for port in gpos:
            high = int(port in self.gpos_high)
            yield 10, Parameter("GPOWriteData", {"gpo_port": port, "gpo_data": high})
        yield 11, Parameter("EventsAndReports", {"hold": int(self.hold)})

    def _antenna(self, port: int) -> Parameter:
        """What was set for the antenna, or full power and the first RF mode."""
        if port in self.antennas:
            return Parameter("AntennaConfiguration", {"antenna_id": port}, self.antennas[port].children)
        transmitter = {
            "hop_table_id": HOP_TABLE,
            "channel_index": 1,
            "transmit_power": len(self.model.powers),
        }
        control = Parameter("C1G2RFControl", {"mode_index": self.model.modes[0].id})
        parts = (
            Parameter("RFReceiver", {"receiver_sensitivity": 1}),
            Parameter("RFTransmitter", transmitter),
            Parameter("C1G2InventoryCommand", {}, (control,)),
        )
        return Parameter("AntennaConfiguration", {"antenna_id": port}, parts)


def _ports(name: str, one: int, count: int, field: int) -> range:
    if one > count:
        raise bad_field(f"the reader has {count} {name}s, not {one}", field=field)
    return range(one, one + 1) if one else range(1, count + 1)


def _switch(where: set[int], member: int, on: int) -> None:
    if on:
        where.add(member)
    else:
        where.discard(member)
