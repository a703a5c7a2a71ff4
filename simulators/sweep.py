"""Doors drawn at random: the range of every parameter of a hard door. All draws are even over their range.

The ranges are what is installed, or assumed where no source is named; none was chosen by what any decider makes of
it. Who installs a door walks through it and turns until its tags are heard: `installed` draws again until a walk
test is passed, which asks for reads alone and not for what somebody makes of them.
"""

from dataclasses import replace
from itertools import count

import numpy as np

from simulators.gate import Arrangement, Gate
from simulators.inventory import Reading
from simulators.link import Air
from simulators.loads import Goods
from simulators.scene import Parameters, Scene, Unit, scene

UNITS: tuple[Unit, ...] = ("dbm", "linear", "raw")


def drawn(seed: int, arrangement: Arrangement = "one-each") -> Parameters:
    """One door with everything about it drawn: 1 to 40 tags a load, antennas 0.3 to 2.5 m from the plane."""
    rng = np.random.default_rng([seed, 6])
    return Parameters(
        _gate(arrangement, rng),
        _air(rng),
        _goods(rng),
        _reading(rng),
        UNITS[int(rng.integers(len(UNITS)))],
        rng.uniform(-0.05, 0.05),
    )


WALKS = 2
"""Walks through the door of a walk test."""
HEARD = 0.98
"""Share of the tags that a walk test asks for at the antennas of each side."""


def installed(seed: int, arrangement: Arrangement = "one-each") -> Parameters:
    """The first door of a row of draws that passes a walk test with twelve good tags on a pallet."""
    for n in count():
        one = drawn(seed * 1_009 + n, arrangement)
        test = twelve(replace(one, goods=replace(one.goods, dead=0.0)))
        if all(walked(scene("walk", test, n * 1_009 + walk)) >= HEARD for walk in range(WALKS)):
            return one
    raise AssertionError("count() has no end")


def walked(walk: Scene) -> float:
    """The share of the tags that every side heard at all."""
    heard = [np.zeros(len(walk.epcs), np.bool_) for _ in range(3)]
    for (reader, port), side in walk.sides.items():
        if walk.doors[reader, port]:
            continue
        seen = walk.sightings[reader]
        heard[side][seen.tag[seen.antenna == port]] = True
    sides = {side for side in walk.sides.values()}
    return float(np.mean(np.logical_and.reduce([heard[side] for side in sides])))


def twelve(parameters: Parameters) -> Parameters:
    """The same door with twelve tags a load, as at the gate whose measurements are known."""
    return replace(parameters, goods=replace(parameters.goods, tags=(12, 12)))


def _gate(arrangement: Arrangement, rng: np.random.Generator) -> Gate:
    usual = rng.uniform(0.3, 2.5)
    return Gate(
        arrangement,
        distance=(usual, usual) if rng.random() < 0.5 else (usual, rng.uniform(0.3, 2.5)),
        gain=(0.0, 0.0) if rng.random() < 0.5 else (0.0, rng.uniform(-6.0, 6.0)),
        yaw=rng.uniform(0.0, 45.0),
        height=rng.uniform(1.0, 2.5),
        opening=rng.uniform(2.4, 4.0),
        # ITU-R P.2040: a brick or concrete wall takes 5 to 20 dB at 1 GHz; a gate in a hall has none
        wall=0.0 if rng.random() < 0.25 else rng.uniform(5.0, 20.0),
        lane=rng.uniform(4.0, 5.5),
        across=bool(rng.random() < 0.5),
        mirrors=(rng.uniform(0.2, 0.7), rng.uniform(0.0, 0.7), rng.uniform(0.0, 0.7)),
        aside=rng.uniform(3.5, 8.0),
        away=rng.uniform(4.0, 15.0),
    )


def _air(rng: np.random.Generator) -> Air:
    return Air(
        eirp=rng.uniform(32.0, 36.0),
        beamwidth=rng.uniform(60.0, 100.0),
        front_to_back=rng.uniform(12.0, 25.0),
        exponent=rng.uniform(1.7, 2.8),
        rice=rng.uniform(4.0, 12.0),
        spread=rng.uniform(15e-9, 50e-9),
        drift=rng.uniform(0.0, 2.0),
        shadow=rng.uniform(1.0, 4.0),
        clear=rng.uniform(0.7, 3.0),
    )


def _goods(rng: np.random.Generator) -> Goods:
    tags = int(rng.integers(1, 41))
    return Goods(
        tags=(tags, tags),
        behind=rng.uniform(2.0, 15.0),
        detuned=(rng.uniform(2.0, 7.0), rng.uniform(0.5, 3.0)),
        chip=rng.uniform(-24.0, -18.0),
        dead=rng.uniform(0.0, 0.03),
        body=rng.uniform(4.0, 14.0),
    )


def _reading(rng: np.random.Generator) -> Reading:
    return Reading(
        dwell=rng.uniform(0.04, 0.3),
        rate=rng.uniform(60.0, 400.0),
        sensitivity=rng.uniform(-84.0, -72.0),
        success=rng.uniform(0.6, 0.98),
        channels="fcc" if rng.random() < 0.5 else "etsi",
        noise=rng.uniform(0.5, 2.0),
    )
