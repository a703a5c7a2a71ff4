"""The link between a gate's antennas and the tags of the loads at it: how strong each hears the other, slot by slot."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.air import (
    LIGHT,
    Array,
    Diffuse,
    Shadow,
    Waves,
    db,
    diffuse,
    dipole_loss,
    path_loss,
    pattern_loss,
    shadow,
)
from simulators.gate import Aerial, Gate, Mirror, aerials, body_loss, mirrors, wall_loss
from simulators.loads import Load


@dataclass(frozen=True, slots=True)
class Air:
    """What is between a gate and its tags.

    eirp      dBm; 36: FCC 47 CFR 15.247(b)(4) with a 6 dBi antenna, 35.15: ETSI EN 302 208, 2 W ERP
    gain      dBi of the antennas; beamwidth degrees; front_to_back dB: data sheets of portal antennas
    exponent  of the path loss beyond 1 m
    rice      dB of the line of sight above everything diffuse, at boresight; assumed 4 to 12
    spread    s, RMS delay spread; halls: 20 to 50 ns. drift Hz of the waves that move, 0 to 2; assumed
    shadow    dB standard deviation of slow shadowing, over `clear` m; assumed 1 to 4
    backscatter  dB that a tag's modulation loses; circular: dB between a circular antenna and a dipole
    mirrors   is anything reflected at flat surfaces?
    """

    eirp: float = 36.0
    gain: float = 6.0
    beamwidth: float = 70.0
    front_to_back: float = 18.0
    exponent: float = 2.0
    rice: float = 8.0
    spread: float = 25e-9
    drift: float = 0.5
    shadow: float = 2.0
    clear: float = 1.5
    backscatter: float = 6.0
    circular: float = 3.0
    mirrors: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Poses:
    """Where the middle of a load's foot is in every slot, and where its front looks: float64[slots] m and rad."""

    x: Array
    y: Array
    heading: Array

    def placed(self, points: Array) -> Array:
        """Points (n, 3) in the load's own frame as (slots, n, 3) at the gate."""
        turned = self.turned(points)
        turned[:, :, 0] += self.x[:, None]
        turned[:, :, 1] += self.y[:, None]
        return turned

    def turned(self, ways: Array) -> Array:
        """Directions (n, 3) in the load's own frame as (slots, n, 3) at the gate."""
        cos, sin = np.cos(self.heading)[:, None], np.sin(self.heading)[:, None]
        found = np.empty((len(self.x), len(ways), 3))
        found[:, :, 0] = cos * ways[:, 0] - sin * ways[:, 1]
        found[:, :, 1] = sin * ways[:, 0] + cos * ways[:, 1]
        found[:, :, 2] = ways[:, 2]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Listening:
    """Which antenna listens in every slot: int[slots], its channel float64[slots] kHz, the middle float64[slots] s."""

    aerial: NDArray[np.intp]
    khz: Array
    seconds: Array


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """float64[slots, tags]: dBm at the tag's chip and at the reader, rad of the wave that came back."""

    at_chip: Array
    rssi: Array
    phase: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Tags:
    """A load's tags as they stand in every slot: float64[slots, tags, 3] place, dipole and face; dB of the goods."""

    at: Array
    axis: Array
    normal: Array
    behind: float


_Pillar = tuple[Array, float, float]
_LEAK = 10.0
"""dB that a wall takes at most from what comes by way of everything else: it finds the open door. Assumed."""


class Surroundings:
    """A gate with everything about it that stays the same while loads pass."""

    def __init__(
        self, gate: Gate, air: Air, rng: np.random.Generator, hung: Sequence[Aerial] | None = None
    ) -> None:
        """`hung` are other antennas than those of the gate: a room is a gate without a wall."""
        self.gate, self.air = gate, air
        self.aerials: tuple[Aerial, ...] = aerials(gate) if hung is None else tuple(hung)
        self._at = np.array([one.at for one in self.aerials])
        self._looks = np.array([one.looks for one in self.aerials])
        self._gain = np.array([one.gain for one in self.aerials])
        self._diffuse: list[Diffuse] = [diffuse(air.spread, air.drift, rng) for _ in self.aerials]
        self._shadow: list[Shadow] = [shadow(air.shadow, air.clear, rng) for _ in self.aerials]

    def hear(
        self, load: Load, poses: Poses, listening: Listening, others: Sequence[tuple[Load, Poses]]
    ) -> Heard:
        """The link of one load; the bodies of all loads stand in the way, `others` with their goods."""
        air = self.air
        tags = _Tags(
            poses.placed(load.offset), poses.turned(load.axis), poses.turned(load.normal), load.behind
        )
        wave, far = self._straight(tags, listening, _bodies(load, poses, others))
        if air.mirrors:
            for mirror in mirrors(self.gate):
                wave += self._mirrored(mirror, tags, listening)
        rest = 10.0 ** (-(far + air.rice) / 20.0)
        wave += rest * self._around(tags.at, listening)
        extra = air.circular + load.taken[None, :] + self._shadowed(poses, listening)[:, None]
        one_way = db(np.abs(wave) ** 2) - extra + self._gain[listening.aerial][:, None]
        at_chip = air.eirp + one_way
        rssi = at_chip + one_way + air.gain - air.backscatter
        return Heard(at_chip, rssi, np.asarray((-2.0 * np.angle(wave) + load.phase) % (2.0 * np.pi)))

    def _straight(self, tags: _Tags, listening: Listening, bodies: Sequence[_Pillar]) -> tuple[Waves, Array]:
        """The line of sight, relative to an isotropic antenna at boresight, and what an open way would lose in dB."""
        origin, looks = self._at[listening.aerial], self._looks[listening.aerial]
        length, lost = self._way(tags, origin, looks, listening)
        wall = wall_loss(self.gate, origin, tags.at, None)
        lost += wall
        for at, radius, taken in bodies:
            lost += body_loss(origin, tags.at, at, radius, taken)
        bare = path_loss(length, listening.khz[:, None], self.air.exponent) + np.minimum(wall, _LEAK)
        return _wave(lost, length, listening), bare

    def _mirrored(self, mirror: Mirror, tags: _Tags, listening: Listening) -> Waves:
        """The way by a mirror, as if its image were an antenna; there is none for who is behind the mirror."""
        origin = mirror.image(self._at)[listening.aerial]
        looks = mirror.turned(self._looks)[listening.aerial]
        length, lost = self._way(tags, origin, looks, listening)
        lost += wall_loss(self.gate, origin, tags.at, mirror)
        before = (tags.at[:, :, mirror.axis] - mirror.at) * (origin[:, mirror.axis] - mirror.at)[
            :, None
        ] < 0.0
        return np.where(before, mirror.amplitude * _wave(lost, length, listening), 0.0)

    def _way(self, tags: _Tags, origin: Array, looks: Array, listening: Listening) -> tuple[Array, Array]:
        """Its length in m, and the dB of distance, both patterns and the goods."""
        way = tags.at - origin[:, None, :]
        length = np.maximum(np.linalg.norm(way, axis=2), 0.05)
        way /= length[:, :, None]
        angle = np.arccos(np.clip(np.einsum("stk,sk->st", way, looks), -1.0, 1.0))
        lost = path_loss(length, listening.khz[:, None], self.air.exponent)
        lost += pattern_loss(angle, self.air.beamwidth, self.air.front_to_back)
        lost += dipole_loss(np.einsum("stk,stk->st", way, tags.axis))
        behind = np.einsum("stk,stk->st", way, tags.normal)
        return length, lost + tags.behind * np.clip(2.0 * behind, 0.0, 1.0)

    def _around(self, tags: Array, listening: Listening) -> Waves:
        """What comes by way of everything else, of mean power 1."""
        field = np.zeros(tags.shape[:2], np.complex128)
        for n, one in enumerate(self._diffuse):
            mine = listening.aerial == n
            field[mine] = one.field(tags[mine], listening.khz[mine], listening.seconds[mine])
        return field

    def _shadowed(self, poses: Poses, listening: Listening) -> Array:
        at = np.stack((poses.x, poses.y), axis=1)
        lost = np.zeros(len(at))
        for n, one in enumerate(self._shadow):
            mine = listening.aerial == n
            lost[mine] = one.loss(at[mine])
        return lost


def _wave(lost: Array, length: Array, listening: Listening) -> Waves:
    number = 2.0 * np.pi * listening.khz * 1e3 / LIGHT
    return np.asarray(10.0 ** (-lost / 20.0) * np.exp(-1j * number[:, None] * length))


def _bodies(load: Load, poses: Poses, others: Sequence[tuple[Load, Poses]]) -> list[_Pillar]:
    """Every carrier, and the goods of the others: float64[slots, 2] m, radius m, dB."""
    found = [_carrier(load, poses)]
    for other, where in others:
        found.append(_carrier(other, where))
        found.append((np.stack((where.x, where.y), axis=1), 0.5, other.behind))
    return found


def _carrier(load: Load, poses: Poses) -> _Pillar:
    body = load.body
    at = poses.placed(np.array([[body.ahead, body.left, 0.0]]))[:, 0, :2]
    return at, body.radius, body.loss
