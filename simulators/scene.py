"""Episodes at a hard door: what its readers hear of one movement, and what it truly was.

one = scene("turn-back", Parameters(), seed=3)
one.sightings["gate"].time, .antenna, .tag, .rssi   # columns, in order of delivery
one.acts[0].movement, .direction, .time             # the truth about the tags one.acts[0].tags
many = series("walk", Parameters(), seed=3, episodes=200)  # one after the other, each with tags of its own
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from simulators.air import Array
from simulators.epc import sgtin96
from simulators.gate import Gate
from simulators.inventory import Reading, Slots, answers, slots
from simulators.link import Air, Heard, Listening, Poses, Surroundings
from simulators.loads import Goods, Load, load
from simulators.walks import Ground, Kind, Movement, Path, Walk, walks
from simulators.world import SECOND, Sightings, delays, joined

Unit = Literal["dbm", "linear", "raw", "missing", "constant"]
READERS = ("gate", "gate-2", "left", "left-2", "right", "right-2")
"""Of the door and of its neighbours, two for each."""
START = 1_767_225_600_000_000
"""Microseconds UTC at which episodes begin."""
PAUSE = 8.0
"""Quiet seconds after an episode, and before the next."""
COMPANY = 614141


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything about a door but who moves there. `skew` is by how many s the second reader's clock is ahead.

    unit  dbm in steps of 0.5; linear: positive, proportional to the power; raw: 0 to 255, the stronger the higher;
          missing: not a number; constant: the same for every read
    """

    gate: Gate = field(default_factory=Gate)
    air: Air = field(default_factory=Air)
    goods: Goods = field(default_factory=Goods)
    reading: Reading = field(default_factory=Reading)
    unit: Unit = "dbm"
    skew: float = 0.0


@dataclass(frozen=True, slots=True)
class Act:
    """What the tags `first` to `last` - 1 of a scene did from `since` to `until` (microseconds UTC).

    For a crossing, `direction` is +1 from near to far, -1 back, and `time` when its middle was in the plane.
    """

    episode: int
    first: int
    last: int
    movement: Movement
    since: int
    until: int
    direction: int = 0
    time: int | None = None

    @property
    def tags(self) -> range:
        """Codes of the tags."""
        return range(self.first, self.last)


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """A load on its path."""

    path: Path
    load: Load


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Sightings by reader, the 12 bytes of each tag, the truth, and the side of each (reader, port): -1, 1, or 0.

    `doors` has the door that it belongs to: 0, or -1 and 1 for the neighbouring ones.
    """

    kind: Kind
    sightings: dict[str, Sightings]
    epcs: tuple[bytes, ...]
    acts: tuple[Act, ...]
    sides: dict[tuple[str, int], int]
    doors: dict[tuple[str, int], int]


def scene(kind: Kind, parameters: Parameters, seed: int, start: int = START) -> Scene:
    """One episode; the same settings give the same to the last bit."""
    rng = np.random.default_rng([seed, 5])
    gate = parameters.gate
    surroundings = Surroundings(gate, parameters.air, rng)
    posts = (0.0, 0.0) if gate.arrangement == "plane" else gate.distance
    walking = walks(kind, Ground(gate.lane, posts), rng)
    moving = [Moving(one.path, load(parameters.goods, one.forklift, rng)) for one in walking]
    seconds = max(float(walk.path.time[-1]) for walk in walking)
    acts, first = [], 0
    for walk, carried in zip(walking, moving, strict=True):
        acts.append(_act(walk, first, first + len(carried.load), start))
        first += len(carried.load)
    heard = {}
    for number in sorted({one.reader for one in surroundings.aerials}):
        skew = round(parameters.skew * SECOND) if number % 2 else 0
        seen = hear(surroundings, number, moving, parameters, seconds, rng)
        heard[READERS[number]] = replace(seen, time=seen.time + start + skew, sent=seen.sent + start)
    epcs = tuple(sgtin96(COMPANY, 100_000, n) for n in range(first))
    sides = {(READERS[one.reader], one.port): one.side for one in surroundings.aerials}
    doors = {(READERS[one.reader], one.port): one.door for one in surroundings.aerials}
    return Scene(kind, heard, epcs, tuple(acts), sides, doors)


def series(kind: Kind, parameters: Parameters, seed: int, episodes: int) -> Scene:
    """Episodes one after the other at one door, with `PAUSE` s of quiet around each; every tag is in one of them only."""
    begin, scenes, acts, first = START, [], [], 0
    for n in range(episodes):
        one = scene(kind, parameters, seed * 1_000_003 + n, begin)
        for reader, seen in one.sightings.items():
            one.sightings[reader] = replace(seen, tag=seen.tag + np.int32(first))
        acts += [replace(act, episode=n, first=act.first + first, last=act.last + first) for act in one.acts]
        first += len(one.epcs)
        scenes.append(one)
        begin = max(act.until for act in one.acts) + round(2.0 * PAUSE * SECOND)
    heard = {reader: joined([one.sightings[reader] for one in scenes]) for reader in scenes[0].sightings}
    epcs = tuple(sgtin96(COMPANY, 100_000, n) for n in range(first))
    return Scene(kind, heard, epcs, tuple(acts), scenes[0].sides, scenes[0].doors)


def _act(walk: Walk, first: int, last: int, start: int) -> Act:
    time = None if walk.time is None else start + round(walk.time * SECOND)
    since, until = (start + round(float(walk.path.time[n]) * SECOND) for n in (0, -1))
    return Act(0, first, last, walk.movement, since, until, walk.direction, time)


def hear(
    surroundings: Surroundings,
    reader: int,
    moving: Sequence[Moving],
    parameters: Parameters,
    seconds: float,
    rng: np.random.Generator,
    alone: bool = False,
) -> Sightings:
    """What one reader hears, in order of delivery, in microseconds since the beginning.

    `alone`: nobody stands in the way of anybody else.
    """
    own = [n for n, one in enumerate(surroundings.aerials) if one.reader == reader]
    turns = slots(parameters.reading, len(own), seconds, rng)
    listening = Listening(np.array(own)[turns.antenna], turns.khz, turns.seconds)
    posed = [(one.load, Poses(*one.path.at(turns.seconds))) for one in moving]
    links, present = [], []
    for n, (tags, poses) in enumerate(posed):
        others = [] if alone else posed[:n] + posed[n + 1 :]
        links.append(surroundings.hear(tags, poses, listening, others))
        path = moving[n].path.time
        there = (turns.seconds >= path[0]) & (turns.seconds <= path[-1])
        present.append(np.repeat(there[:, None], len(tags), axis=1))
    heard = Heard(*(np.concatenate([getattr(one, name) for one in links], axis=1) for name in _COLUMNS))
    chance, powered = _chances(heard, np.concatenate(present, axis=1), parameters)
    back = np.concatenate([tags.back for tags, _ in posed])
    read = answers(chance, powered, back, turns, parameters.reading, rng)
    ports = np.array([surroundings.aerials[n].port for n in own], np.uint16)
    return _sightings(read, heard, turns, ports[turns.antenna], parameters, rng)


_COLUMNS = ("at_chip", "rssi", "phase")


def _chances(heard: Heard, present: np.ndarray, parameters: Parameters) -> tuple[Array, np.ndarray]:
    """A chip wakes and a reader understands within about a dB: logistic, of 0.5 dB."""
    above = heard.at_chip - parameters.goods.chip
    clear = heard.rssi - parameters.reading.sensitivity
    wakes = 1.0 / (1.0 + np.exp(-np.clip(above / 0.5, -50.0, 50.0)))
    understood = 1.0 / (1.0 + np.exp(-np.clip(clear / 0.5, -50.0, 50.0)))
    chance = np.where(present, wakes * understood * parameters.reading.success, 0.0)
    return np.where(chance > 1e-3, chance, 0.0), present & (above > 0.0)


def _sightings(
    read: np.ndarray,
    heard: Heard,
    turns: Slots,
    port: np.ndarray,
    parameters: Parameters,
    rng: np.random.Generator,
) -> Sightings:
    slot, tag = np.nonzero(read)
    n = len(slot)
    seconds = turns.seconds[slot] + (rng.random(n) - 0.5) * turns.length
    time = (seconds * SECOND).astype(np.int64)
    rssi = heard.rssi[slot, tag] + rng.normal(0.0, parameters.reading.noise, n)
    found = Sightings(
        time,
        time + delays(n, rng),
        port[slot],
        tag.astype(np.int32),
        reported(rssi, parameters.unit),
        ((heard.phase[slot, tag] + rng.normal(0.0, 0.1, n)) % (2.0 * np.pi)).astype(np.float32),
        np.full(n, np.nan, np.float32),
        turns.channel[slot],
    )
    return found.pick(np.argsort(found.sent, kind="stable"))


def reported(dbm: Array, unit: Unit) -> np.ndarray:
    """RSSI as a reader of that kind says it, float32."""
    match unit:
        case "dbm":
            said = np.round(dbm * 2.0) / 2.0
        case "linear":
            said = np.maximum(np.round(10.0 ** ((dbm + 90.0) / 10.0)), 1.0)
        case "raw":
            # a saturating curve of an unknown front end
            said = np.round(255.0 / (1.0 + np.exp(-(dbm + 58.0) / 8.0)))
        case "missing":
            said = np.full(len(dbm), np.nan)
        case "constant":
            said = np.full(len(dbm), -60.0)
    return said.astype(np.float32)
