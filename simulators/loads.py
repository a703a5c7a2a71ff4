"""What goes through a door: boxes with tags on their sides, and who carries them."""

from dataclasses import dataclass

import numpy as np

from simulators.air import Array


@dataclass(frozen=True, slots=True)
class Goods:
    """Of what loads are made; every number is assumed.

    tags      least and most tags of a load
    behind    dB that a wave loses which comes from behind a tag, through the goods: 2 (cardboard) to 15 (metal, water)
    detuned   mean and standard deviation of the dB that the goods take from a tag's antenna, each way
    chip      dBm at which a tag's chip wakes: -18 to -24 in data sheets of the last ten years
    dead      share of the tags that are never heard
    body      dB that a person (radius 0.25 m) or a forklift (0.6 m, and 6 dB more) takes from a straight way
    """

    tags: tuple[int, int] = (12, 12)
    behind: float = 6.0
    detuned: tuple[float, float] = (4.0, 2.0)
    chip: float = -20.0
    dead: float = 0.0
    body: float = 8.0


@dataclass(frozen=True, slots=True)
class Body:
    """Somebody or something that stands in the way: m ahead of the load and to its left, radius in m, loss in dB."""

    ahead: float
    left: float
    radius: float
    loss: float


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """Tags that move together, in the load's own frame: ahead, left, up; columns of length n.

    offset, axis, normal  float64[n, 3]  m from the middle of its foot; the dipole's axis; away from the goods
    behind dB lost in the goods
    taken  float64[n]  dB lost by detuning, infinite for a dead tag;  phase  float64[n]  rad;  back  float64[n]  s: how
    long the tag keeps to itself that it was read in sessions S1 and S2
    """

    offset: Array
    axis: Array
    normal: Array
    behind: float
    taken: Array
    phase: Array
    back: Array
    body: Body

    def __len__(self) -> int:
        return len(self.taken)


def load(goods: Goods, forklift: bool, rng: np.random.Generator) -> Load:
    """A load: on a forklift or a pallet truck, a lone tag in somebody's hands."""
    n = int(rng.integers(goods.tags[0], goods.tags[1], endpoint=True))
    size = np.array((1.2, 0.8, rng.uniform(0.8, 1.6))) if n > 2 or forklift else np.array((0.4, 0.3, 0.3))
    foot = 0.15 if n > 2 or forklift else 0.9
    axis_of, sign = rng.integers(0, 2, n), rng.choice((-1.0, 1.0), n)
    normal = np.zeros((n, 3))
    normal[np.arange(n), axis_of] = sign
    offset = rng.uniform(-0.5, 0.5, (n, 3)) * size
    offset[np.arange(n), axis_of] = sign * size[axis_of] / 2.0
    offset[:, 2] += foot + size[2] / 2.0
    taken = np.maximum(rng.normal(*goods.detuned, n), 0.0)
    taken[rng.random(n) < goods.dead] = np.inf
    return Load(
        offset,
        _axes(normal, rng),
        normal,
        goods.behind,
        taken,
        rng.uniform(0.0, 2.0 * np.pi, n),
        rng.uniform(0.5, 5.0, n),
        _carrier(goods, forklift, size, rng),
    )


def _axes(normal: Array, rng: np.random.Generator) -> Array:
    """Labels lie flat on their side: half of them horizontal, the rest at any angle."""
    n = len(normal)
    roll = np.where(rng.random(n) < 0.5, 0.0, rng.uniform(0.0, np.pi, n))
    up = np.array((0.0, 0.0, 1.0))
    flat = np.cross(up, normal)
    return np.asarray(np.cos(roll)[:, None] * flat + np.sin(roll)[:, None] * up)


def _carrier(goods: Goods, forklift: bool, size: Array, rng: np.random.Generator) -> Body:
    """A forklift and its driver are behind the load; people pull it, push it or walk beside it."""
    if forklift:
        return Body(-size[0] / 2.0 - 0.9, 0.0, 0.6, goods.body + 6.0)
    angle = rng.choice((0.0, 0.5, 1.0, 1.5)) * np.pi
    away = size[0] / 2.0 + 0.4
    return Body(float(away * np.cos(angle)), float(away * np.sin(angle)), 0.25, goods.body)
