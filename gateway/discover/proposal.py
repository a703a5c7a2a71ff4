"""Findings as [[device]] tables that `waypost check` takes, with ids that nobody has yet."""

import re
from collections.abc import Iterable, Mapping

from pydantic import TypeAdapter, ValidationError

from core.site import ID
from drivers.base import Settings
from drivers.catalog import Device
from gateway.discover.finding import Finding, Value
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


class Proposals:
    """Gives findings their tables.

    zone   what their antennas look at
    taken  ids that the configuration has
    """

    def __init__(self, zone: str, taken: Iterable[str] = ()) -> None:
        self._zone = zone
        self._taken = set(taken)

    def table(self, finding: Finding) -> dict[str, Value] | None:
        """Its [[device]]; None if it is in the configuration, or no [[device]] of this version."""
        if finding.kind is None or finding.known is not None:
            return None
        table: dict[str, Value] = {"id": self._id(finding), "kind": finding.kind, **finding.settings}
        if finding.ports is not None:
            antennas: list[Value] = [{"port": port, "zone": self._zone} for port in finding.ports or (0,)]
            table["antennas"] = antennas
        if device(table) is None:
            return None
        self._taken.add(str(table["id"]))
        return table

    def _id(self, finding: Finding) -> str:
        plain = _SIGNS.sub("-", f"{finding.kind}-{finding.name}").strip("-")[:_LONGEST].rstrip("-")
        number, id = 1, plain
        while id in self._taken:
            number += 1
            id = f"{plain}-{number}"
        assert ID.fullmatch(id)
        return id


def as_toml(finding: Finding, table: Mapping[str, Value] | None) -> str:
    """The table under comments that say what it is; comments alone if there is none."""
    about = f"{finding.where}: {finding.model or 'nobody knows what it is'}"
    if finding.known is not None:
        about += f"; it is {finding.known} of the configuration"
    elif finding.state == "busy":
        about += "; found, busy"
    elif finding.kind is not None and table is None:
        about += f"; {finding.kind}: this version has no [[device]] for it"
    lines = [about, *finding.remarks]
    if table is None:
        return "\n".join(map(comment, lines))
    return "\n".join(["[[device]]", *map(comment, lines), *(entry(*pair) for pair in table.items())])


def as_json(finding: Finding, table: Mapping[str, Value] | None) -> dict[str, object]:
    """One object for each finding."""
    return {
        "finder": finding.finder,
        "where": finding.where,
        "state": finding.state,
        "kind": finding.kind,
        "model": finding.model or None,
        "known": finding.known,
        "remarks": list(finding.remarks),
        "device": table,
    }
