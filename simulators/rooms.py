"""A labelled room: four antennas, four zones, and things that people carry from one to another.

The zones are the quarters of a room; an antenna hangs over the middle of each and looks down. Every antenna hears
most of the room, as in real rooms with overlapping antennas: the labels are where a thing truly is.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from simulators.air import Array
from simulators.epc import sgtin96
from simulators.gate import Aerial, Gate
from simulators.inventory import Reading
from simulators.link import Air, Surroundings
from simulators.loads import Goods, load
from simulators.scene import COMPANY, START, Moving, Parameters, Unit, hear
from simulators.walks import Path
from simulators.world import SECOND, Sightings

ZONES = 4
READER = "room"


@dataclass(frozen=True, slots=True)
class Room:
    """A room and what happens in it; every number is assumed.

    size      m of its sides; height m of the antennas; tilt: degrees from straight down towards its middle
    things    how many, each with one tag; stay: mean s in a zone; speed m/s on the way

    Chosen so that simple rules do as they did in a real room of four antennas: there the antenna that read last was
    the right one for 29 % of the reads, the mobility profile for 78 % with two false moves a minute.
    """

    size: tuple[float, float] = (8.0, 8.0)
    height: float = 3.0
    tilt: float = 0.0
    things: int = 5
    stay: float = 90.0
    speed: float = 1.0
    seconds: float = 1_200.0
    air: Air = field(default_factory=lambda: Air(rice=6.0, shadow=3.0, drift=0.1))
    reading: Reading = field(default_factory=lambda: Reading(rate=36.0))
    goods: Goods = field(
        default_factory=lambda: Goods(tags=(1, 1), behind=3.0, detuned=(1.0, 0.5), chip=-22.0)
    )
    unit: Unit = "dbm"


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Sightings of a room's only reader, the tags' bytes, and where each truly was: knots of (us UTC, zone 0..3)."""

    sightings: Sightings
    epcs: tuple[bytes, ...]
    moves: tuple[tuple[NDArray[np.int64], NDArray[np.int32]], ...]

    def zone(self, tag: int, time: NDArray[np.int64]) -> NDArray[np.int32]:
        """Where a tag was at those times."""
        since, zones = self.moves[tag]
        return zones[np.maximum(np.searchsorted(since, time, side="right") - 1, 0)]


def labelled(room: Room, seed: int) -> Labels:
    """What happens in a room; the same settings give the same to the last bit. Port n looks at zone n - 1."""
    rng = np.random.default_rng([seed, 7])
    gate = Gate(opening=1e6, wall=0.0, aside=room.size[1] / 2.0 + 1.0, away=room.size[0] / 2.0 + 1.0)
    parameters = Parameters(gate, room.air, room.goods, room.reading, room.unit)
    surroundings = Surroundings(gate, room.air, rng, _aerials(room))
    walked = [_walked(room, rng) for _ in range(room.things)]
    moving = [Moving(path, load(room.goods, False, rng)) for path, _ in walked]
    seen = hear(surroundings, 0, moving, parameters, room.seconds, rng, alone=True)
    seen = replace(seen, time=seen.time + START, sent=seen.sent + START)
    epcs = tuple(sgtin96(COMPANY, 100_001, n) for n in range(room.things))
    return Labels(seen, epcs, tuple(moves for _, moves in walked))


def _aerials(room: Room) -> tuple[Aerial, ...]:
    found = []
    for zone in range(ZONES):
        x, y = _middle(room, zone)
        tilt = np.radians(room.tilt)
        out = np.array((-np.sign(x), -np.sign(y))) / np.sqrt(2.0) * np.sin(tilt)
        looks = (float(out[0]), float(out[1]), float(-np.cos(tilt)))
        found.append(Aerial(0, zone + 1, 0, (x, y, room.height), looks, 0.0))
    return tuple(found)


def _middle(room: Room, zone: int) -> tuple[float, float]:
    return (zone % 2 - 0.5) * room.size[0] / 2.0, (zone // 2 - 0.5) * room.size[1] / 2.0


def _walked(room: Room, rng: np.random.Generator) -> tuple[Path, tuple[NDArray[np.int64], NDArray[np.int32]]]:
    """A thing's way through the room, and when it came into which zone."""
    zone = int(rng.integers(ZONES))
    x, y = _spot(room, zone, rng)
    knots = [(0.0, x, y, rng.uniform(0.0, 2.0 * np.pi))]
    while knots[-1][0] < room.seconds:
        time, x, y, heading = knots[-1]
        time += rng.exponential(room.stay)
        knots.append((time, x, y, heading))
        # to one of the two zones beside this one
        zone ^= 1 if rng.random() < 0.5 else 2
        x1, y1 = _spot(room, zone, rng)
        time += max(0.1, float(np.hypot(x1 - x, y1 - y)) / room.speed)
        knots.append((time, x1, y1, heading + rng.uniform(-np.pi, np.pi)))
    path = Path(*(np.array(column) for column in zip(*knots, strict=True)))
    return path, _entered(path, room.seconds)


def _spot(room: Room, zone: int, rng: np.random.Generator) -> tuple[float, float]:
    """Anywhere in a zone but its outer half metre, and 0.3 m from its neighbours."""
    x, y = _middle(room, zone)
    half = room.size[0] / 4.0, room.size[1] / 4.0
    return (
        x + rng.uniform(-half[0] + 0.4, half[0] - 0.4),
        y + rng.uniform(-half[1] + 0.4, half[1] - 0.4),
    )


def _entered(path: Path, seconds: float) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    time: Array = np.arange(0.0, seconds, 0.05)
    x, y, _ = path.at(time)
    zones = ((x > 0.0) + 2 * (y > 0.0)).astype(np.int32)
    changed = np.flatnonzero(np.diff(zones, prepend=-1))
    return START + (time[changed] * SECOND).astype(np.int64), zones[changed]
