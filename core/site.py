"""What a site looks like: zones, portals, antennas and items. These dataclasses are the schema of the configuration."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What an id of a site, zone, portal, device or item matches in full."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A place. `silence` (s) ends a visit when `leave` is "silence"; None = "elsewhere" if a portal leads here, else "silence"."""

    id: str
    inside: str | None = None
    leave: Literal["silence", "elsewhere"] | None = None
    silence: float = 30.0


@dataclass(frozen=True, slots=True)
class Portal:
    """A door. Passing from between[0] to between[1] is "in". Times in seconds."""

    id: str
    between: tuple[str, str]
    gap: float = 2.0
    max_pass: float = 30.0
    lateness: float = 0.3
    assume: Literal["in", "out"] | None = None


@dataclass(frozen=True, slots=True)
class Antenna:
    """An antenna port (0 = any or unreported) that looks at a zone, or at a portal from one side of it."""

    port: int
    zone: str | None = None
    portal: str | None = None
    side: str | None = None


@dataclass(frozen=True, slots=True)
class PhotoEye:
    """A photo-eye on an input port, on one side of a portal."""

    port: int
    portal: str
    side: str


@dataclass(frozen=True, slots=True)
class Source:
    """A device as the pipeline sees it. `lateness` in seconds applies to its zone antennas; `offset` in seconds is
    added to the times that it gives itself. The reads of a handheld tell where something is at that instant; that it
    reads no more tells nothing."""

    id: str
    antennas: tuple[Antenna, ...] = ()
    gpi: tuple[PhotoEye, ...] = ()
    lateness: float = 2.0
    accept: tuple[str, ...] = ()
    rssi: Literal["dbm", "raw"] = "dbm"
    offset: float = 0.0
    handheld: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """Something with a name, recognised by any of its tags. `missing_after` in seconds."""

    id: str
    kind: Literal["asset", "stock", "container", "vehicle", "person"] = "asset"
    name: str = ""
    tags: tuple[str, ...] = ()
    group: str | None = None
    home: str | None = None
    missing_after: float | None = None
    fields: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tags:
    """Which tags count: hex or company prefixes to accept (none = all) or ignore, and what unknown tags become."""

    accept: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    unknown: Literal["events", "inbox", "count"] = "events"
    limit: int = 200_000


@dataclass(frozen=True, slots=True)
class Site:
    """Everything that the pipeline needs to know; valid by construction of the settings."""

    id: str
    zones: tuple[Zone, ...] = ()
    portals: tuple[Portal, ...] = ()
    sources: tuple[Source, ...] = ()
    items: tuple[Item, ...] = ()
    tags: Tags = field(default_factory=Tags)
