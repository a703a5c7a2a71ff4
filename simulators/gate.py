"""A door as waves meet it: its antennas, the wall that it is in, and what stands around and reflects.

x runs through the door from the near side (negative) to the far side, y along the wall, z up; the plane is x = 0.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulators.air import Array

Arrangement = Literal["one-each", "two-each", "plane", "two-readers"]
"""One antenna each side, two each side, both posts in one plane, one antenna each side by a reader of its own."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The door and its antennas; lengths in m, gains in dB.

    distance   from the plane of the near and of the far antennas; not used for "plane"
    gain       by which the near and the far antennas are better or worse than the others
    yaw        degrees by which antennas look outward, away from the plane
    opening    width of the door; wall: dB that a wave loses through the wall beside it, 0 = a gate that stands free
    lane       metres to the neighbouring doors, which are as wide; watched: have they antennas and readers like this one?
    across     are the two antennas of "one-each" on different posts?
    mirrors    amplitude of the reflection at the floor, at the neighbouring lanes' posts or racks, and at what
               stands across the way (a truck, the next aisle)
    aside, away  metres to those
    """

    arrangement: Arrangement = "one-each"
    distance: tuple[float, float] = (0.8, 0.8)
    gain: tuple[float, float] = (0.0, 0.0)
    yaw: float = 20.0
    height: float = 1.5
    opening: float = 3.0
    wall: float = 10.0
    lane: float = 4.0
    watched: bool = False
    across: bool = False
    mirrors: tuple[float, float, float] = (0.4, 0.3, 0.3)
    aside: float = 4.0
    away: float = 8.0


@dataclass(frozen=True, slots=True)
class Aerial:
    """An antenna: where it hangs, the unit vector along which it looks, `side` -1 near, 1 far, 0 in the plane.

    `door` is 0, or -1 and 1 for the neighbouring doors.
    """

    reader: int
    port: int
    side: int
    at: tuple[float, float, float]
    looks: tuple[float, float, float]
    gain: float
    door: int = 0


def aerials(gate: Gate) -> tuple[Aerial, ...]:
    """The antennas of a gate, by reader and port, then those of its neighbours."""
    own = _own(gate)
    found = list(own)
    for n, door in enumerate((-1, 1) if gate.watched else (), 1):
        for one in own:
            at = (one.at[0], one.at[1] + door * gate.lane, one.at[2])
            found.append(replace(one, reader=one.reader + 2 * n, at=at, door=door))
    return tuple(found)


def _own(gate: Gate) -> tuple[Aerial, ...]:
    post = gate.opening / 2.0 + 0.1
    if gate.arrangement == "plane":
        return tuple(_aerial(gate, 0, n + 1, 0, y, 0.0, gate.gain[n]) for n, y in enumerate((post, -post)))
    found: list[Aerial] = []
    for n, side in enumerate((-1, 1)):
        posts = (post, -post) if gate.arrangement == "two-each" else (-post if gate.across and n else post,)
        for y in posts:
            reader = n if gate.arrangement == "two-readers" else 0
            port = 1 + sum(one.reader == reader for one in found)
            found.append(_aerial(gate, reader, port, side, y, side * gate.distance[n], gate.gain[n]))
    return tuple(found)


def _aerial(gate: Gate, reader: int, port: int, side: int, y: float, x: float, gain: float) -> Aerial:
    out = np.radians(gate.yaw) if side else 0.0
    looks = (float(side * np.sin(out)), float(-np.sign(y) * np.cos(out)), 0.0)
    return Aerial(reader, port, side, (x, y, gate.height), looks, gain)


@dataclass(frozen=True, slots=True)
class Mirror:
    """A reflecting plane: axis 0 to 2, where it cuts that axis, the amplitude that it gives back."""

    axis: int
    at: float
    amplitude: float

    def image(self, points: Array) -> Array:
        """The points (n, 3) as they seem to be behind the mirror."""
        seen = points.copy()
        seen[:, self.axis] = 2.0 * self.at - seen[:, self.axis]
        return seen

    def turned(self, ways: Array) -> Array:
        """Directions (n, 3) as the mirror shows them."""
        seen = ways.copy()
        seen[:, self.axis] *= -1.0
        return seen


def mirrors(gate: Gate) -> tuple[Mirror, ...]:
    """What reflects around a gate; the floor first."""
    floor, aside, away = gate.mirrors
    return (
        Mirror(2, 0.0, floor),
        Mirror(1, gate.aside, aside),
        Mirror(1, -gate.aside, aside),
        Mirror(0, gate.away, away),
        Mirror(0, -gate.away, away),
    )


_EDGE = 0.4  # m over which the wall begins to count: diffraction, assumed


def wall_loss(gate: Gate, origin: Array, tags: Array, mirror: Mirror | None) -> Array:
    """dB (slots, tags) that the ways from `origin` (slots, 3), perhaps an image, to `tags` (slots, tags, 3) lose.

    Unfolded, a way by a mirror in x crosses the wall and the wall's image.
    """
    if not gate.wall:
        return np.zeros(tags.shape[:2])
    planes = (0.0,) if mirror is None or mirror.axis != 0 else (0.0, 2.0 * mirror.at)
    fold = mirror.at if mirror is not None and mirror.axis == 1 else None
    lost = np.zeros(tags.shape[:2])
    for plane in planes:
        begin, end = origin[:, None, 0] - plane, tags[:, :, 0] - plane
        crosses = begin * end < 0.0
        part = begin / np.where(crosses, begin - end, 1.0)
        y = origin[:, None, 1] + part * (tags[:, :, 1] - origin[:, None, 1])
        if fold is not None:
            y = np.where((y - fold) * fold > 0.0, 2.0 * fold - y, y)
        own = np.minimum(np.abs(y), np.abs(np.abs(y) - gate.lane))
        outside = np.clip((own - gate.opening / 2.0) / _EDGE + 0.5, 0.0, 1.0)
        lost += np.where(crosses, gate.wall * outside, 0.0)
    return lost


def body_loss(origin: Array, tags: Array, body: Array, radius: float, lost: float) -> Array:
    """dB (slots, tags) that a body at `body` (slots, 2), a pillar of `radius` m, takes from straight ways."""
    way = tags[:, :, :2] - origin[:, None, :2]
    to_body = (body - origin[:, :2])[:, None, :]
    length = np.maximum((way * way).sum(axis=2), 1e-9)
    part = np.clip((to_body * way).sum(axis=2) / length, 0.0, 1.0)
    gap = np.linalg.norm(to_body - part[:, :, None] * way, axis=2)
    inside: NDArray[np.float64] = np.clip((radius - gap) / 0.2 + 0.5, 0.0, 1.0)
    return lost * inside
