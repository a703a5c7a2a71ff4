"""Meshtastic's JSON on a broker: positions of the nodes of a mesh, as gateways that hear them publish them.

Several gateways publish the same packet. What differs between them (rssi, snr, hops, the gateway, when it heard it) is no
part of a position, so that the packet stands once.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import cos, isnan, nan, radians, sqrt

from core.records import SECOND, Flag
from drivers.codecs import fix_values as fixes
from drivers.codecs import json_values as values
from drivers.codecs.fix_message_decode import Described
from drivers.codecs.fix_messages import FixMessages
from drivers.codecs.fix_values import KMH, Impossible, Told, known
from drivers.codecs.gps_accuracy import dop, from_hdop
from drivers.codecs.json_values import Malformed
from drivers.codecs.message_session import Message, Presence, Said
from drivers.codecs.tracker_session import Admits, Position
from drivers.codecs.tracker_session import everybody as anybody

_TOPIC = re.compile(r"((?:.*/)?2/json/).*", re.DOTALL)
"""msh/REGION/2/json/CHANNEL/!GATEWAY; beside it stand packets in protobuf."""

_SCALE = 1e-7
_POLE = 90.0
_WHOLE_BITS = 32
_LARGEST_NODE = (1 << 32) - 1
_METRES_PER_DEGREE = 111_320.0
_FASTEST = 1_200.0
"""km/h: what is faster was counted in another unit."""

_HUNDREDTHS, _FINE = 36_000.0, 36_000_000.0
"""A course above the first is no hundredth of a degree, as the comment in mesh.proto has it, but 1e-5, as firmwares send."""

_PACKETS = 10_000


@dataclass(frozen=True, slots=True)
class Packet:
    """node: who sent it, as the apps show it;  id: the node's own number of it, 0 = none;  heard: s since 1970, 0 = none."""

    node: str
    id: int
    kind: str
    heard: int
    payload: Mapping[str, object]


def opened(payload: bytes) -> Packet:
    """Raises Malformed for what is none."""
    said = values.parse(payload)
    if not isinstance(said, dict):
        raise Malformed(f"{values.shown(said)} stands where an object was expected")
    node = values.whole(said.get("from"), "from", 0, _LARGEST_NODE)
    if not node:
        raise Malformed("it names no node")
    kind, inner = said.get("type"), said.get("payload")
    return Packet(
        f"!{node:08x}",
        values.whole(said.get("id"), "id", 0, _LARGEST_NODE),
        kind if isinstance(kind, str) else "",
        values.whole(said.get("timestamp"), "timestamp", 0, _LARGEST_NODE),
        inner if isinstance(inner, dict) else {},
    )


def everybody(topic: str) -> str:
    """The filter of all gateways of the region beside the one that publishes there."""
    found = _TOPIC.fullmatch(topic)
    return topic if found is None else f"{found[1]}#"


def position(packet: Packet, otherwise: int) -> tuple[Position | None, list[str]]:
    """Where the node is, None if it does not say it; and what was left out. Raises Malformed.

    otherwise  when that was, if the node does not say it: microseconds UTC
    """
    said = packet.payload
    if said.get("latitude_i") is None and said.get("longitude_i") is None:
        return None, []
    lat, lon = _degrees(said, "latitude_i", _POLE), _degrees(said, "longitude_i", 2 * _POLE)
    told = Told(said)
    hdop, pdop = (dop(told.number(name, 0.0) / 100) for name in ("HDOP", "PDOP"))
    accuracy = from_hdop(pdop if isnan(hdop) else hdop, differential=False)
    cell = _cell(told.number("precision_bits", 0.0), lat)
    nowhere = fixes.nowhere(lat, lon)
    satellites = told.number("sats_in_view", 0.0)
    found = Position(
        _time(said) or otherwise,
        lat,
        lon,
        told.number("altitude"),
        _speed(told),
        _course(told),
        accuracy if isnan(cell) else max(cell, 0.0 if isnan(accuracy) else accuracy),
        -1 if isnan(satellites) or satellites > 1000 else int(satellites),
        fixes.flags(not nowhere, 0 if isnan(cell) else Flag.COARSE),
        fixes.written(
            {"hdop": known(hdop), "pdop": known(pdop), "precision_bits": told.get("precision_bits")}
        ),
    )
    return found, [*told.counts, *(("zero_position",) if nowhere else ())]


def described(topic: str, payload: bytes) -> Described:
    """For `fix_message_decode`."""
    packet = opened(payload)
    found, left_out = position(packet, packet.heard * SECOND) if packet.kind == "position" else (None, [])
    return packet.node, packet.kind, found, left_out


class Session(FixMessages):
    """All nodes of the topics that the filter covers. A packet other than a position is a sign of life."""

    def __init__(self, admits: Admits = anybody, offset: int = 0, presence: Presence | None = None) -> None:
        super().__init__(admits, offset, presence)
        self._heard: OrderedDict[tuple[str, int], int] = OrderedDict()

    def understand(self, message: Message) -> Iterator[Said]:
        if not _TOPIC.fullmatch(message.topic):
            self.counts["other"] += 1
            return
        packet = opened(message.payload)
        if not self.admitted(packet.node):
            return
        if packet.kind == "position":
            found, left_out = position(packet, self._first_heard(packet, message.arrival))
            if found is not None:
                yield from self.tell(message, packet.node, [found], left_out)
                return
        self.counts["other"] += 1

    def _first_heard(self, packet: Packet, arrival: int) -> int:
        """Of a packet without a time: each gateway has heard it at another, and the first of them counts."""
        if _time(packet.payload) or not packet.id:
            return packet.heard * SECOND or arrival
        key = (packet.node, packet.id)
        time = self._heard.setdefault(key, packet.heard * SECOND or arrival)
        if len(self._heard) > _PACKETS:
            self._heard.popitem(last=False)
        return time


def _time(said: Mapping[str, object]) -> int:
    """Of the GPS solution, else of the node's clock; 0 if it tells neither. Raises Impossible."""
    for name in ("timestamp", "time"):
        try:
            time = values.epoch(said.get(name, 0) or 0, name, SECOND)
        except (Malformed, ValueError):
            raise Impossible("impossible_date", f"{name} {values.shown(said[name])} is no time") from None
        if time:
            return time
    return 0


def _degrees(said: Mapping[str, object], name: str, most: float) -> float:
    """What is 0 is not told."""
    found = values.number(said.get(name), name, 0.0) * _SCALE
    return fixes.degrees(round(found, 7), name, most)


def _speed(told: Told) -> float:
    kmh = told.number("ground_speed", 0.0)
    return kmh * KMH if kmh <= _FASTEST else nan


def _course(told: Told) -> float:
    track = told.number("ground_track", 0.0, _FINE)
    return track / (100 if track <= _HUNDREDTHS else 100_000) % 360.0


def _cell(bits: float, lat: float) -> float:
    """What is left of a position that was blurred to so many bits, m: the deviation of a square in which it may be
    anywhere; NaN if it was not."""
    if isnan(bits) or not 0 < bits < _WHOLE_BITS:
        return nan
    side = 2 ** (_WHOLE_BITS - bits) * _SCALE * _METRES_PER_DEGREE
    return side * sqrt((1 + cos(radians(lat)) ** 2) / 2 / 12)
