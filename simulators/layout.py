"""The buildings of the simulated site: doors and rooms, and the readers and antennas that look at them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Door:
    """A portal. Ports of `reader` look at it from the side of `between[0]` (near) and of `between[1]` (far)."""

    id: str
    between: tuple[str, str]
    reader: str
    near: tuple[int, ...]
    far: tuple[int, ...]

    @property
    def ports(self) -> tuple[int, ...]:
        return self.near + self.far


@dataclass(frozen=True, slots=True)
class Room:
    """A zone inside another one, watched from its ceiling by ports of `reader`."""

    id: str
    inside: str
    reader: str
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """A site: its doors and its rooms. A reader's ports may be shared out among several of them."""

    site: str
    doors: tuple[Door, ...]
    rooms: tuple[Room, ...] = ()

    @property
    def places(self) -> tuple[Door | Room, ...]:
        """Everything that antennas look at."""
        return (*self.doors, *self.rooms)

    @property
    def readers(self) -> tuple[str, ...]:
        """Device ids in order of first appearance."""
        return tuple(dict.fromkeys(place.reader for place in self.places))

    def ports(self, reader: str) -> tuple[int, ...]:
        """The antenna ports of `reader` that are in use, ascending."""
        return tuple(sorted(port for place in self.places if place.reader == reader for port in place.ports))

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones that are not rooms, in order of first appearance."""
        sides = (side for door in self.doors for side in door.between)
        return tuple(dict.fromkeys((*sides, *(room.inside for room in self.rooms))))


def docks(doors: int = 2, rooms: int = 1, antennas_per_side: int = 1, site: str = "demo") -> Layout:
    """Doors dock-1.. between yard and warehouse, each with a reader door1.., and rooms with readers room1.."""
    sides = tuple(range(1, antennas_per_side + 1))
    across = tuple(port + antennas_per_side for port in sides)
    return Layout(
        site,
        tuple(
            Door(f"dock-{n}", ("yard", "warehouse"), f"door{n}", sides, across) for n in range(1, doors + 1)
        ),
        tuple(Room(f"room-{n}", "warehouse", f"room{n}", (1,)) for n in range(1, rooms + 1)),
    )


def site_toml(
    layout: Layout, items: Mapping[str, Iterable[str]], urls: Mapping[str, str] | None = None
) -> str:
    """The configuration of `layout`: site, zones, portals, devices and items (id -> tags in upper-case hex).

    Devices are LLRP readers at `urls[reader]`; without `urls` they are recorded ones, for a replay.
    """
    blocks = [_table("site", id=layout.site)]
    blocks += [_table("[zone]", id=zone) for zone in layout.zones]
    blocks += [_table("[zone]", id=room.id, inside=room.inside, leave="silence") for room in layout.rooms]
    blocks += [_table("[portal]", id=door.id, between=list(door.between)) for door in layout.doors]
    for reader in layout.readers:
        link = {"kind": "recorded"} if urls is None else {"kind": "llrp", "url": urls[reader]}
        blocks.append(_table("[device]", id=reader, **link) + _antennas(layout, reader))
    blocks += [_table("[item]", id=id, kind="container", tags=list(tags)) for id, tags in items.items()]
    return "\n".join(blocks)


def _table(name: str, **keys: str | list[str]) -> str:
    # A JSON string, and a list of them, is TOML as it stands.
    return f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())


def _antennas(layout: Layout, reader: str) -> str:
    lines = []
    for door in layout.doors:
        for ports, side in ((door.near, door.between[0]), (door.far, door.between[1])):
            sight = f'portal = "{door.id}", side = "{side}"'
            lines += [f"  {{ port = {port}, {sight} }},\n" for port in ports if door.reader == reader]
    for room in layout.rooms:
        lines += [
            f'  {{ port = {port}, zone = "{room.id}" }},\n' for port in room.ports if room.reader == reader
        ]
    return "antennas = [\n" + "".join(lines) + "]\n"
