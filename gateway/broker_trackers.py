"""Simulators for the trackers of a configuration that talk through a broker: who they are, and what they say."""

import zlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from drivers.json_mqtt import JsonFixes
from drivers.meshtastic import Meshtastic
from drivers.owntracks import OwnTracks
from gateway.road_stand_ins import TRACKERS
from gateway.stand_ins import CannotSimulate

if TYPE_CHECKING:
    from simulators.lasting import Publisher
    from simulators.reporting import Message

Reporting = JsonFixes | OwnTracks | Meshtastic
"""What tells positions on a broker."""

_WILD = ("+", "#")
_GATEWAYS = ("!000000aa", "!000000bb")
_CHANNEL = "LongFast"


def voices(device: Reporting) -> "dict[str, Message]":
    """What each tracker says, by the name that the journal gives it. Raises CannotSimulate."""
    match device:
        case JsonFixes():
            return _declared(device)
        case OwnTracks():
            return _phones(device)
        case Meshtastic():
            return _nodes(device)


def air(device: Reporting, client: "Publisher") -> "Publisher":
    """Who takes what they say: for nodes of a mesh the gateways that hear them."""
    from simulators.meshtastic import Gateways

    if not isinstance(device, Meshtastic):
        return client
    root, mark, _ = device.topic.partition("/2/json/")
    return Gateways(client, _GATEWAYS, _named(root) if mark else "msh/EU_868")


def _declared(device: JsonFixes) -> "dict[str, Message]":
    """One tracker, or several where the messages name them."""
    from simulators.declared import Declared
    from simulators.json_tracker import SimulatedJsonTracker

    own = device.tracker or device.id
    names = [own] if device.places.tracker is None else [f"{own}-{number}" for number in range(TRACKERS)]
    declared = Declared(device.topic, device.places.all())
    return {name: SimulatedJsonTracker(name, declared, asdict(device.units)).message for name in names}


def _phones(device: OwnTracks) -> "dict[str, Message]":
    """As many as the topic has room for."""
    from simulators.owntracks import SimulatedOwnTracks

    base, user, phone, *_ = [*device.topic.split("/"), "#", "#"]
    base = "owntracks" if base in _WILD else base
    one = user not in _WILD and phone not in _WILD
    names = [
        f"{f'{device.id}-{number}' if user in _WILD else user}/{_device(phone, user, number)}"
        for number in range(1 if one else TRACKERS)
    ]
    whose = {name: name.partition("/") for name in _admitted(device, names)}
    return {name: SimulatedOwnTracks(user, phone, base).message for name, (user, _, phone) in whose.items()}


def _device(phone: str, user: str, number: int) -> str:
    """Users have one phone each, but for the user whom the topic names."""
    if phone not in _WILD:
        return phone
    return "phone" if user in _WILD else f"phone-{number}"


def _nodes(device: Meshtastic) -> "dict[str, Message]":
    from simulators.logbook import Noted
    from simulators.meshtastic import SimulatedNode

    _, _, behind = device.topic.partition("/2/json/")
    told = behind.split("/")[0]
    channel = _CHANNEL if told in ("", *_WILD) else told

    def voice(node: SimulatedNode) -> "Message":
        def message(noted: Noted) -> tuple[str, bytes]:
            return channel, node.message(noted)[1]

        return message

    first = zlib.crc32(device.id.encode()) & 0xFFFFFF00
    nodes = [SimulatedNode(first + number) for number in range(TRACKERS)]
    names = _admitted(device, [node.name for node in nodes])
    return {name: voice(SimulatedNode(int(name[1:], 16))) for name in names}


def _admitted(device: OwnTracks | Meshtastic, names: Sequence[str]) -> Sequence[str]:
    """Those that may deliver: on a list they are of the same form as our own."""
    if device.trackers is None:
        return names
    parts, mark = names[0].count("/"), names[0][0] if isinstance(device, Meshtastic) else ""
    found = [one for one in device.trackers if one.count("/") == parts and one.startswith(mark)]
    if not found:
        raise CannotSimulate(
            f"{device.id}: none of its trackers is of the form {names[0]}; leave them out while it is simulated"
        )
    return found[:TRACKERS]


def _named(root: str) -> str:
    return "/".join("simulated" if level in _WILD else level for level in root.split("/"))
