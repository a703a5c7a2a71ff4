"""Findings as [[device]] tables that `waypost check` takes, with ids that nobody has yet."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from core.site import ID
from drivers.base import Settings
from drivers.catalog import Device
from gateway.discover.finding import Finding, Value
from gateway.occupied import occupied
from gateway.toml_text import comment, entry

_SIGNS = re.compile(r"[^A-Za-z0-9]+")
_LONGEST = 48
_DEVICES: TypeAdapter[Settings] = TypeAdapter(Device)


def device(table: Mapping[str, Value]) -> Settings | None:
    """The settings of a [[device]]; None if this version has no such kind, or the kind another idea of its keys."""
    try:
        return _DEVICES.validate_python(dict(table))
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A finding and its [[device]]; without one, `reason` says why, if the finding does not."""

    finding: Finding
    table: Mapping[str, Value] | None = None
    reason: str = ""

    def toml(self) -> str:
        """The table under comments that say what it is; comments alone if there is none."""
        finding = self.finding
        state = "" if finding.state != "busy" else "found, busy"
        if finding.known is not None:
            state = f"in the configuration as {finding.known}"
        about = "; ".join(filter(None, (finding.model, state))) or "nobody knows what it is"
        comments = map(comment, filter(None, (f"{finding.where}: {about}", *finding.remarks, self.reason)))
        if self.table is None:
            return "\n".join(comments)
        return "\n".join(["[[device]]", *comments, *(entry(*pair) for pair in self.table.items())])

    def json(self) -> dict[str, object]:
        """One object."""
        finding = self.finding
        return {
            "finder": finding.finder,
            "where": finding.where,
            "state": finding.state,
            "kind": finding.kind,
            "model": finding.model or None,
            "known": finding.known,
            "remarks": list(filter(None, (*finding.remarks, self.reason))),
            "device": self.table,
        }


class Proposals:
    """Gives findings their tables.

    zone     what their antennas look at
    devices  what the configuration has
    """

    def __init__(self, zone: str, devices: Iterable[Settings] = ()) -> None:
        self._zone = zone
        self._devices = list(devices)

    def proposal(self, finding: Finding) -> Proposal:
        """A table with an id that nobody has, and that `waypost check` takes beside the others."""
        if finding.kind is None or finding.known is not None:
            return Proposal(finding)
        table: dict[str, Value] = {"id": self._id(finding), "kind": finding.kind, **finding.settings}
        if finding.ports is not None:
            antennas: list[Value] = [{"port": port, "zone": self._zone} for port in finding.ports or (0,)]
            table["antennas"] = antennas
        settings = device(table)
        if settings is None:
            return Proposal(finding, reason=f"{finding.kind}: this version has no [[device]] for it")
        for clash in occupied([*self._devices, settings]):
            if clash.path[:2] == ("device", len(self._devices)) and clash.level == "error":
                return Proposal(finding, reason=f"{clash.value}: {clash.reason}")
        self._devices.append(settings)
        return Proposal(finding, table)

    def _id(self, finding: Finding) -> str:
        taken = {one.id for one in self._devices}
        plain = _SIGNS.sub("-", f"{finding.kind}-{finding.name}").strip("-")[:_LONGEST].rstrip("-")
        number, id = 1, plain
        while id in taken:
            number += 1
            id = f"{plain}-{number}"
        assert ID.fullmatch(id)
        return id
