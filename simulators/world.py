"""The simulated world: what every reader of a site hears of its traffic, read by read.

Rates: a reader takes its antennas in turns of 80 ms and reads a tag at most once a turn and at most 250 tags/s in
all. With two antennas and 12 tags that gives about 64 reads/s and a median of 0.16 s between two reads of a tag, as
measured at a real dock gate. Readers deliver slightly out of order: 2 ms (median) after the sighting, 1.5 % of the
reads up to 0.2 s; logs of real readers show the same with rare longer delays, which are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from simulators import radio
from simulators.layout import Door, Room
from simulators.radio import Array, Mast, Tagged
from simulators.traffic import Move, Pallet, Scenario, Traffic, plan
from simulators.truth import Truth, truth

SECOND = 1_000_000
TURN = 0.08
"""Seconds that a reader listens to one antenna before it takes the next."""

RATE = 250.0
"""Reads per second at most: R420 with four antennas, best second measured 211; mode tables say 76 to 525."""

_CHUNK = 250  # turns that are played at once: 20 s
_OUTWARD, _ACROSS = 0.5, 0.75**0.5  # 30 degrees out of the plane
_WALL = 40.0  # dB


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """What one reader saw, in the order in which it delivers it; all columns have the same length.

    time     int64    microseconds UTC of the sighting
    sent     int64    microseconds UTC at which the reader delivers it, ascending
    antenna  uint16   port
    tag      int32    index into the world's `epcs`
    rssi     float32  dBm, phase float32 rad, doppler float32 Hz
    channel  uint8    index into the hop table, from 1
    """

    time: NDArray[np.int64]
    sent: NDArray[np.int64]
    antenna: NDArray[np.uint16]
    tag: NDArray[np.int32]
    rssi: NDArray[np.float32]
    phase: NDArray[np.float32]
    doppler: NDArray[np.float32]
    channel: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.time)

    def pick(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> "Sightings":
        """The given rows, in the given order."""
        return Sightings(*(getattr(self, column.name)[rows] for column in fields(self)))


def joined(parts: list[Sightings]) -> Sightings:
    """Sightings of `parts` (at least one) one after the other."""
    return Sightings(
        *(np.concatenate([getattr(part, column.name) for part in parts]) for column in fields(Sightings))
    )


class World:
    """A scenario brought to life.

    `traffic` is the plan, `truth` what really happens in it, `epcs[n]` the 12 bytes of tag n.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.traffic: Traffic = plan(scenario)
        self.truth: Truth = truth(self.traffic)
        self.epcs: tuple[bytes, ...] = tuple(self.traffic.epcs)
        rng = np.random.default_rng([scenario.seed, 1])
        self._loads = [radio.load(pallet.last - pallet.first, rng) for pallet in self.traffic.pallets]

    def play(self, reader: str) -> Iterator[Sightings]:
        """What `reader` hears, in pieces of 20 s that ascend in `sent`; raises KeyError if there is no such reader."""
        if reader not in self.scenario.layout.readers:
            raise KeyError(f"reader {reader!r} is not in the layout: it has {self.scenario.layout.readers}")
        return self._pieces(_Ear(self, reader))

    def sightings(self, reader: str) -> Sightings:
        """All that `reader` hears, at once."""
        return joined(list(self.play(reader)))

    def load(self, pallet: int) -> tuple[Pallet, Tagged]:
        """The pallet and where its tags sit."""
        return self.traffic.pallets[pallet], self._loads[pallet]

    def _pieces(self, ear: "_Ear") -> Iterator[Sightings]:
        turns = int(np.ceil(self.scenario.seconds / TURN))
        held = ear.listen(0, 0)
        for first in range(0, turns, _CHUNK):
            last = min(first + _CHUNK, turns)
            both = joined([held, ear.listen(first, last)])
            both = both.pick(np.argsort(both.sent, kind="stable"))
            ready = int(np.searchsorted(both.sent, self.scenario.start + round(last * TURN * SECOND)))
            yield both.pick(slice(0, ready))
            held = both.pick(slice(ready, None))
        yield held


class _Ear:
    """One reader: its antennas, and the moves within their reach."""

    def __init__(self, world: World, reader: str) -> None:
        layout = world.scenario.layout
        self._world = world
        self._index = layout.readers.index(reader)
        self._ports = np.array(layout.ports(reader), np.uint16)
        masts: dict[int, Mast] = {}
        self._sides: dict[int, int] = {}
        self._places: dict[str, set[int]] = {}
        for place in layout.places:
            if place.reader == reader:
                self._places[place.id] = set(place.ports)
                masts |= _door_masts(place) if isinstance(place, Door) else _room_masts(place)
                near = place.near if isinstance(place, Door) else ()
                self._sides |= {port: -1 if port in near else 1 for port in place.ports}
        self._masts = np.array([masts[int(port)].at for port in self._ports])
        self._looks = np.array([masts[int(port)].looks for port in self._ports])
        self._moves = [move for move in world.traffic.moves if move.place in self._places]
        self._hops = np.random.default_rng([world.scenario.seed, 2, self._index]).permutation(
            len(radio.FCC_KHZ)
        )

    def listen(self, first: int, last: int) -> Sightings:
        """The reads of turns `first` to `last` - 1, not sorted."""
        seed = [self._world.scenario.seed, 3 + self._index, first]
        rng = np.random.default_rng(seed)
        turns = np.arange(first, last)
        port = turns % len(self._ports)
        moves = [(move, rows) for move in self._moves if len(rows := self._within(move, turns, port))]
        heard = [self._hear(move, turns[rows], port[rows]) for move, rows in moves]
        crowd = np.zeros(len(turns))
        for (_, rows), one in zip(moves, heard, strict=True):
            crowd[rows] += one.chance.sum(axis=1)
        share = np.minimum(1.0, RATE * TURN / np.maximum(crowd, 1.0))
        parts = [
            self._read(move, turns[rows], one, share[rows], rng)
            for (move, rows), one in zip(moves, heard, strict=True)
        ]
        return joined([_NOTHING, *parts])

    def _within(self, move: Move, turns: NDArray[np.int64], port: NDArray[np.int64]) -> NDArray[np.intp]:
        middle = (turns + 0.5) * TURN
        aimed = np.isin(self._ports[port], list(self._places[move.place]))
        return np.flatnonzero(aimed & (middle >= move.knots[0][0]) & (middle < move.knots[-1][0]))

    def _hear(self, move: Move, turns: NDArray[np.int64], port: NDArray[np.int64]) -> radio.Heard:
        time, x = (np.array(column) for column in zip(*move.knots, strict=True))
        begin, end = turns * TURN, (turns + 1) * TURN
        here = np.interp((begin + end) / 2, time, x)
        velocity = (np.interp(end, time, x) - np.interp(begin, time, x)) / TURN
        sides = np.array([self._sides[int(one)] for one in self._ports[port]])
        shadow = np.where(sides == move.hidden, _WALL, 0.0)
        tags = self._world.load(move.pallet)[1]
        return radio.heard(tags, here, velocity, self._masts[port], self._looks[port], shadow)

    def _read(
        self, move: Move, turns: NDArray[np.int64], heard: radio.Heard, share: Array, rng: np.random.Generator
    ) -> Sightings:
        pallet, tags = self._world.load(move.pallet)
        answers = rng.random(heard.chance.shape) < heard.chance
        # A crowd gets its shares in turn and not by luck: a Gen2 session lets who was read stand back for a while.
        served = np.floor(np.cumsum(answers * share[:, None], axis=0) + rng.random(len(tags)))
        turn, tag = np.nonzero(np.diff(served, axis=0, prepend=np.zeros((1, len(tags)))))
        n = len(turn)
        seconds = (turns[turn] + rng.random(n)) * TURN
        time = self._world.scenario.start + (seconds * SECOND).astype(np.int64)
        channel = self._hops[(seconds / radio.HOP).astype(np.int64) % len(self._hops)]
        khz = np.array(radio.FCC_KHZ, np.float64)[channel]
        rssi = heard.rssi[turn, tag] + rng.normal(0.0, 1.0, n)
        angle = radio.phase(heard.distance[turn, tag], khz, tags.phase[tag] + rng.normal(0.0, 0.1, n))
        shift = radio.doppler(heard.speed[turn, tag], khz) + rng.normal(0.0, 4.0, n)
        return Sightings(
            time,
            time + delays(n, rng),
            self._ports[turns[turn] % len(self._ports)],
            (pallet.first + tag).astype(np.int32),
            rssi.astype(np.float32),
            angle.astype(np.float32),
            shift.astype(np.float32),
            (channel + 1).astype(np.uint8),
        )


def delays(n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Microseconds from a sighting to its delivery, for n of them."""
    usual = np.minimum(rng.lognormal(np.log(2_000.0), 1.18, n), 100_000.0)
    slow = rng.uniform(20_000.0, 200_000.0, n)
    return np.where(rng.random(n) < 0.015, slow, usual).astype(np.int64)


def _door_masts(door: Door) -> dict[int, Mast]:
    """Antennas on the posts 1.6 m left and right of the way and 0.8 m before and behind the plane, looking outward."""
    masts = {}
    for ports, side in ((door.near, -1.0), (door.far, 1.0)):
        for n, port in enumerate(ports):
            post = 1.0 if n % 2 == 0 else -1.0
            masts[port] = Mast((0.8 * side, 1.6 * post, 1.2), (_OUTWARD * side, -_ACROSS * post, 0.0))
    return masts


def _room_masts(room: Room) -> dict[int, Mast]:
    """Antennas 3.5 m above the floor, 2 m apart, looking down."""
    return {port: Mast((0.0, 2.0 * n, 3.5), (0.0, 0.0, -1.0)) for n, port in enumerate(room.ports)}


_NOTHING = Sightings(
    np.empty(0, np.int64),
    np.empty(0, np.int64),
    np.empty(0, np.uint16),
    np.empty(0, np.int32),
    np.empty(0, np.float32),
    np.empty(0, np.float32),
    np.empty(0, np.float32),
    np.empty(0, np.uint8),
)
