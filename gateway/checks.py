"""What must hold between the tables of a configuration, beyond the type of each value."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from core.portal import LONGEST_PASS
from core.site import ID, Antenna, Item, PhotoEye, Portal, Tags, Zone
from drivers.catalog import Device
from drivers.subscriber import Subscriber
from gateway.occupied import occupied
from gateway.problems import KeyPath
from gateway.settings import Tables
from gateway.tag_text import SCHEMES, normal_tag
from gateway.validation import Finding, sentence
from gateway.value_text import shown

LONGEST = 10 * 365 * 86_400
"""Seconds that a silence may last: times stay far inside what an int64 of microseconds and RFC 3339 can say."""
MOST_TAGS = 10_000_000
"""Unknown tags that a site may remember: beyond, no gateway has the memory."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Ids of places in tables that have other errors: a reference to one of them stands."""

    zones: frozenset[str] = frozenset()
    portals: frozenset[str] = frozenset()


def cross_checks(tables: Tables, items: tuple[Item, ...], declared: Declared) -> Iterator[Finding]:
    """Everything wrong between tables.

    items  [[item]] and then those of items.csv, so that ("item", n) names either
    """
    zones = frozenset(zone.id for zone in tables.zone) | declared.zones
    ids = declared.portals
    portals = {portal.id: portal for portal in tables.portal}
    yield from _names(tables, items)
    for number, zone in enumerate(tables.zone):
        yield from _zone(zone, ("zone", number), zones)
    yield from _cycles(tables.zone)
    for number, portal in enumerate(tables.portal):
        yield from _portal(portal, ("portal", number), zones)
    for number, device in enumerate(tables.device):
        yield from _device(device, ("device", number), zones, portals, ids)
    yield from occupied(tables.device)
    yield from _brokers(tables)
    yield from _deaf_portals(tables)
    yield from _items(items, zones)
    yield from _tags(tables.tags)


def _names(tables: Tables, items: tuple[Item, ...]) -> Iterator[Finding]:
    zones = [(("zone", n, "id"), zone.id) for n, zone in enumerate(tables.zone)]
    portals = [(("portal", n, "id"), portal.id) for n, portal in enumerate(tables.portal)]
    yield from _unique([*zones, *portals], "another zone or portal")
    yield from _unique(
        [(("device", n, "id"), device.id) for n, device in enumerate(tables.device)], "a device"
    )
    yield from _unique([(("item", n, "id"), item.id) for n, item in enumerate(items)], "another item")


def _unique(names: Iterable[tuple[KeyPath, str]], other: str) -> Iterator[Finding]:
    seen: set[str] = set()
    for path, name in names:
        if ID.fullmatch(name) is None:
            remedy = "Use letters, digits, dot, underscore and hyphen, at most 64, not beginning with a sign"
            yield Finding(path, shown(name), "not an id", remedy)
        if name in seen:
            yield Finding(path, shown(name), f"{other} has this id already", "Give each its own id")
        seen.add(name)


def _zone(zone: Zone, path: KeyPath, zones: frozenset[str]) -> Iterator[Finding]:
    if zone.inside is not None:
        yield from _reference((*path, "inside"), zone.inside, zones, "zone")
    yield from _duration((*path, "silence"), zone.silence, LONGEST)


def _cycles(zones: tuple[Zone, ...]) -> Iterator[Finding]:
    inside = {zone.id: zone.inside for zone in zones}
    for number, zone in enumerate(zones):
        around, at = [zone.id], zone.inside
        while at is not None and at not in around:
            around.append(at)
            at = inside.get(at)
        if at == zone.id:
            chain = " inside ".join([*around, at])
            yield Finding(
                ("zone", number, "inside"), shown(zone.inside), f"a circle: {chain}", "Break the circle"
            )


def _portal(portal: Portal, path: KeyPath, zones: frozenset[str]) -> Iterator[Finding]:
    for side, zone in enumerate(portal.between):
        yield from _reference((*path, "between", side), zone, zones, "zone")
    if portal.between[0] == portal.between[1]:
        reason = "a portal leads from one zone to another"
        yield Finding((*path, "between"), shown(list(portal.between)), reason, "Name two different zones")
    yield from _duration((*path, "gap"), portal.gap, LONGEST_PASS)
    if not portal.max_pass > 0:
        yield from _duration((*path, "max_pass"), portal.max_pass, LONGEST_PASS)
    if portal.max_pass <= portal.gap:
        reason = f"a pass ends after gap = {portal.gap:g} s of silence and could never last this long"
        yield Finding((*path, "max_pass"), shown(portal.max_pass), reason, "Set max_pass above gap")
    if portal.max_pass > LONGEST_PASS:
        remedy = f"Write at most {LONGEST_PASS} seconds; where things stay, let an antenna look at a zone"
        yield Finding((*path, "max_pass"), shown(portal.max_pass), "too long for a pass", remedy)
    if not 0 <= portal.lateness <= 60:
        yield Finding((*path, "lateness"), shown(portal.lateness), "out of range", "Write 0 to 60 seconds")


def _device(
    device: Device, path: KeyPath, zones: frozenset[str], portals: dict[str, Portal], ids: frozenset[str]
) -> Iterator[Finding]:
    for number, antenna in enumerate(device.antennas):
        yield from _antenna(antenna, (*path, "antennas", number), zones, portals, ids)
        if device.handheld and antenna.portal is not None:
            reason = "who reads with a handheld stands in a zone, and passes no portal by it"
            portal_path = (*path, "antennas", number, "portal")
            yield Finding(portal_path, shown(antenna.portal), reason, "Write zone =, or leave handheld out")
    for number, eye in enumerate(device.gpi):
        yield from _at_portal(eye, (*path, "gpi", number), portals, ids)
    yield from _ports(device.antennas, (*path, "antennas"))
    yield from _ports(device.gpi, (*path, "gpi"))
    for number, prefix in enumerate(device.accept):
        yield from _prefix(prefix, (*path, "accept", number))
    if device.has_antennas and not device.antennas:
        reason = "no antenna is given, so every read of it is only counted"
        yield Finding(
            (*path, "antennas"), None, reason, "Add antennas = [ { port = 1, zone = ... } ]", "warning"
        )


def _brokers(tables: Tables) -> Iterator[Finding]:
    brokers = [(("broker", n, "id"), broker.id) for n, broker in enumerate(tables.broker)]
    yield from _unique(brokers, "another broker")
    used = set()
    for number, device in enumerate(tables.device):
        if isinstance(device, Subscriber):
            used.add(device.broker)
            known = frozenset(broker.id for broker in tables.broker)
            yield from _reference(("device", number, "broker"), device.broker, known, "broker")
    for path, name in brokers:
        if name not in used:
            reason = "no device talks through this broker"
            yield Finding(path, shown(name), reason, f'Give a device broker = "{name}"', "warning")


def _antenna(
    antenna: Antenna, path: KeyPath, zones: frozenset[str], portals: dict[str, Portal], ids: frozenset[str]
) -> Iterator[Finding]:
    if antenna.zone is not None and antenna.portal is not None:
        reason = "an antenna looks at a zone or at a portal"
        yield Finding((*path, "portal"), shown(antenna.portal), reason, "Remove zone or portal")
    elif antenna.zone is None and antenna.portal is None:
        yield Finding(path, f"port {antenna.port}", "the antenna has no place", "Add zone = or portal =")
    if antenna.zone is not None and not (antenna.zone in portals and antenna.portal is None):
        yield from _reference((*path, "zone"), antenna.zone, zones, "zone")
    elif antenna.zone is not None:
        remedy = f'Write portal = "{antenna.zone}"'
        yield Finding((*path, "zone"), shown(antenna.zone), "this is a portal, not a zone", remedy)
    yield from _at_portal(antenna, path, portals, ids)


def _at_portal(
    one: Antenna | PhotoEye, path: KeyPath, portals: dict[str, Portal], ids: frozenset[str]
) -> Iterator[Finding]:
    if one.portal is None:
        if one.side is not None:
            reason = "only a portal has sides"
            yield Finding((*path, "side"), shown(one.side), reason, "Remove side, or name the portal")
        return
    yield from _reference((*path, "portal"), one.portal, frozenset(portals) | ids, "portal")
    portal = portals.get(one.portal)
    if portal is not None and one.side is not None and one.side not in portal.between:
        remedy = f"Use {' or '.join(portal.between)}"
        yield Finding((*path, "side"), shown(one.side), f"not a side of {portal.id}", remedy)


def _ports(ones: Sequence[Antenna | PhotoEye], path: KeyPath) -> Iterator[Finding]:
    seen: set[int] = set()
    for number, one in enumerate(ones):
        if not 0 <= one.port <= 65535:
            yield Finding((*path, number, "port"), shown(one.port), "out of range", "Write 0 to 65535")
        if one.port in seen:
            reason = "this port is given twice"
            yield Finding((*path, number, "port"), shown(one.port), reason, "Keep one entry for each port")
        seen.add(one.port)


def _deaf_portals(tables: Tables) -> Iterator[Finding]:
    heard = {antenna.portal for device in tables.device for antenna in device.antennas}
    for number, portal in enumerate(tables.portal):
        if portal.id not in heard:
            reason = "no antenna looks at this portal, so nothing can pass it"
            yield Finding(
                ("portal", number, "id"), shown(portal.id), reason, "Add an antenna, or remove it", "warning"
            )


def _items(items: tuple[Item, ...], zones: frozenset[str]) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for number, item in enumerate(items):
        path: KeyPath = ("item", number)
        if item.home is not None:
            yield from _reference((*path, "home"), item.home, zones, "zone")
        if item.missing_after is not None:
            yield from _duration((*path, "missing_after"), item.missing_after, LONGEST)
        for position, text in enumerate(item.tags):
            yield from _item_tag((*path, "tags", position), text, item.id, owners)


def _item_tag(path: KeyPath, text: str, item: str, owners: dict[str, str]) -> Iterator[Finding]:
    try:
        tag = normal_tag(text)
    except ValueError as error:
        reason, _, remedy = str(error).partition("; ")
        yield Finding(path, shown(text), reason, sentence(remedy))
        return
    if tag in owners:
        reason = f"item {owners[tag]} has this tag already"
        yield Finding(path, shown(text), reason, "Leave the tag with one item")
    owners.setdefault(tag, item)


def _tags(tags: Tags) -> Iterator[Finding]:
    for name, prefixes in (("accept", tags.accept), ("ignore", tags.ignore)):
        for number, prefix in enumerate(prefixes):
            yield from _prefix(prefix, ("tags", name, number))
    both = Counter(set(tags.accept)) & Counter(set(tags.ignore))
    for prefix in both:
        path: KeyPath = ("tags", "ignore", tags.ignore.index(prefix))
        yield Finding(path, shown(prefix), "accepted and ignored", "Leave it in one of the two lists")
    if not 1 <= tags.limit <= MOST_TAGS:
        remedy = f"Write how many unknown tags to keep, 1 to {MOST_TAGS}"
        yield Finding(("tags", "limit"), shown(tags.limit), "out of range", remedy)


def _prefix(prefix: str, path: KeyPath) -> Iterator[Finding]:
    scheme, colon, value = prefix.partition(":")
    if scheme == "company" and not (value.isdecimal() and 6 <= len(value) <= 12):
        yield Finding(path, shown(prefix), "not a GS1 company prefix", "Write company: and 6 to 12 digits")
    elif colon and scheme not in ("company", *SCHEMES):
        remedy = f"Use hex digits, company:0614141, or one of {', '.join(SCHEMES)} and a colon"
        yield Finding(path, shown(prefix), f"{scheme}: is not a scheme of tags", remedy)
    elif not colon and (not prefix or set(prefix) - set("0123456789ABCDEFabcdef")):
        yield Finding(path, shown(prefix), "not a prefix of tags", "Write hex digits, or company:0614141")


def _reference(path: KeyPath, name: str, known: frozenset[str], what: str) -> Iterator[Finding]:
    if name not in known:
        listed = ", ".join(sorted(known)[:8]) or "none yet"
        yield Finding(path, shown(name), f"no such {what}", f"Add the {what} or use one of: {listed}")


def _duration(path: KeyPath, seconds: float, longest: float) -> Iterator[Finding]:
    if not 0 < seconds <= longest:
        remedy = f"Write seconds greater than 0 and at most {longest:.0f}"
        yield Finding(path, shown(seconds), "out of range", remedy)
