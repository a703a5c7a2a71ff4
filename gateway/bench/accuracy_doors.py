"""Doors: what each decider makes of the same reads, held against what happened."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from core.site import Antenna, Portal, Site, Source, Zone
from gateway.bench.accuracy_figures import Figure, clustered
from gateway.bench.accuracy_reads import Labelled, Told, replayed
from gateway.bench.accuracy_rules import RULES
from gateway.bench.accuracy_scenarios import Scenario

if TYPE_CHECKING:
    from simulators.gate import Arrangement
    from simulators.scene import Act, Parameters, Scene

K = TypeVar("K", int, str)
SECOND = 1_000_000
OURS = "waypost"
COLUMNS = (OURS, *RULES)
ARRANGEMENTS: "tuple[Arrangement, ...]" = ("one-each", "one-each", "two-each", "two-readers")
"""The doors of the sweep in turn."""
NEAR, FAR = "yard", "hall"
PORTALS = {0: "dock", -1: "dock-left", 1: "dock-right"}


@dataclass(frozen=True, slots=True)
class Case:
    """One tag in one episode, as one decider told it.

    sides   how many of the door's sides heard it: 0, 1 or 2
    right   a crossing told once and in its direction; wrong: told once, the other way; again: told more than once
    false   crossings told that never were; unknown: passes told without a direction
    error, delay  s from the truth to the told time and to the decision, of a crossing that was right
    """

    scenario: str
    door: int
    episode: int
    movement: str
    sides: int
    right: bool = False
    wrong: bool = False
    again: bool = False
    false: bool = False
    unknown: bool = False
    error: float | None = None
    delay: float | None = None


def doors(number: int, twelve: bool = False) -> "list[tuple[Arrangement, Parameters]]":
    """The doors of the sweep, each installed by a walk test."""
    from simulators import sweep

    found = []
    for n in range(number):
        arrangement = ARRANGEMENTS[n % len(ARRANGEMENTS)]
        one = sweep.installed(n, arrangement)
        found.append((arrangement, sweep.twelve(one) if twelve else one))
    return found


def measure(
    scenario: Scenario, swept: "Sequence[tuple[Arrangement, Parameters]]", episodes: int
) -> dict[str, list[Case]]:
    """Every decider's cases of a scenario on every door of the sweep."""
    from simulators.scene import series

    found: dict[str, list[Case]] = {column: [] for column in COLUMNS}
    for n, (_, door) in enumerate(swept):
        changed = scenario.change(door)
        if scenario.arrangement is not None:
            changed = replace(changed, gate=replace(changed.gate, arrangement=scenario.arrangement))
        one = series(scenario.kind, replace(changed, unit="dbm"), n + 1, episodes)
        told = {OURS: ours(one, labelled(one, changed, several=True), changed)}
        reads = labelled(one, changed)
        if any(one.sides.values()):
            told |= {name: rule(reads) for name, rule in RULES.items()}
        for column, said in told.items():
            found[column] += judged(scenario.name, n, one, reads, said)
    return found


def labelled(scene: "Scene", parameters: "Parameters", several: bool = False) -> Labelled:
    """All sightings at the door in order of delivery; with `several` those at its neighbours too."""
    from simulators.scene import reported

    blind = parameters.unit in ("missing", "constant")
    parts = []
    for number, (reader, seen) in enumerate(scene.sightings.items()):
        if not several and _door(scene, reader) != PORTALS[0]:
            continue
        said = reported(seen.rssi.astype(np.float64), parameters.unit)
        side = np.zeros(int(seen.antenna.max(initial=0)) + 1, np.int32)
        for (name, port), where in scene.sides.items():
            if name == reader and port < len(side):
                side[port] = where
        parts.append(
            (
                seen.time,
                seen.sent,
                seen.tag,
                np.full(len(seen), number, np.int32),
                seen.antenna,
                side[seen.antenna],
                said if blind else seen.rssi,
                said,
            )
        )
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[1], kind="stable")
    return Labelled(*(column[order] for column in columns))


def _door(scene: "Scene", reader: str) -> str:
    """The portal of a reader: a reader has antennas at one door only."""
    return PORTALS[next(door for (name, _), door in scene.doors.items() if name == reader)]


def site(scene: "Scene", parameters: "Parameters") -> Site:
    """The site as an operator would write it: zones, portal, readers, antennas and their sides, nothing else."""
    side = {-1: NEAR, 1: FAR, 0: None}
    sources = tuple(
        Source(
            reader,
            tuple(
                Antenna(port, portal=_door(scene, reader), side=side[where])
                for (name, port), where in scene.sides.items()
                if name == reader
            ),
            rssi="dbm" if parameters.unit == "dbm" else "raw",
        )
        for reader in scene.sightings
    )
    names = sorted({_door(scene, reader) for reader in scene.sightings})
    portals = tuple(Portal(name, (NEAR, FAR)) for name in names)
    return Site("bench", (Zone(NEAR), Zone(FAR)), portals, sources)


def ours(scene: "Scene", reads: Labelled, parameters: "Parameters") -> list[Told]:
    """What the daemon says: its `passed` events; who goes through a neighbouring door passes there and nowhere else."""
    epcs = tuple(epc.hex().upper() for epc in scene.epcs)
    code = {epc: n for n, epc in enumerate(epcs)}
    way = {"in": 1, "out": -1, None: 0}
    next_door = {tag for act in scene.acts if act.movement == "next-lane" for tag in act.tags}
    events = replayed(site(scene, parameters), tuple(scene.sightings), epcs, reads)
    return [
        Told(code[event.tag], way[event.direction], event.time, event.detected)
        for event in events
        if event.kind == "passed" and event.tag is not None
        if event.place == PORTALS[0] or code[event.tag] not in next_door
    ]


def judged(scenario: str, door: int, scene: "Scene", reads: Labelled, told: Iterable[Told]) -> Iterator[Case]:
    """Each tag of a scene: what was told of it against what it did."""
    heard: dict[int, set[int]] = {}
    for tag, place in set(zip(reads.tag.tolist(), reads.place.tolist(), strict=True)):
        heard.setdefault(tag, set()).add(place)
    said: dict[int, list[Told]] = {}
    for one in told:
        said.setdefault(one.tag, []).append(one)
    sided = any(scene.sides.values())
    for act in scene.acts:
        for tag in act.tags:
            case = Case(scenario, door, act.episode, act.movement, len(heard.get(tag, ())))
            yield _against(case, act, said.get(tag, []), sided)


def _against(case: Case, act: "Act", told: list[Told], sided: bool) -> Case:
    ways = [one for one in told if one.place or not sided]
    unknown = len(ways) < len(told)
    if act.time is None:
        return replace(case, false=bool(ways), unknown=unknown)
    if len(ways) != 1:
        return replace(case, again=len(ways) > 1, unknown=unknown)
    (one,) = ways
    if one.place != (act.direction if sided else 0):
        return replace(case, wrong=True)
    error, delay = (abs(one.time - act.time) / SECOND, (one.decided - act.time) / SECOND)
    return replace(case, right=True, error=error, delay=delay)


def figures(scenario: str, column: str, cases: Sequence[Case]) -> Iterator[Figure]:
    """The cells of one scenario and decider; tags that no antenna heard count for nothing."""
    crossed = [case for case in cases if case.movement == "crossing" and case.sides]
    others = [case for case in cases if case.movement != "crossing" and case.sides]
    if crossed:
        yield share(scenario, "right", column, crossed, [case.right for case in crossed])
        missed = [not (case.right or case.wrong or case.again) for case in crossed]
        yield share(scenario, "missed", column, crossed, missed)
        yield share(scenario, "wrong direction", column, crossed, [case.wrong for case in crossed])
        yield share(scenario, "told again", column, crossed, [case.again for case in crossed])
        if column == OURS:
            yield share(scenario, "no direction", column, crossed, [case.unknown for case in crossed])
        yield from _times(scenario, column, crossed)
    for movement in sorted({case.movement for case in others}):
        mine = [case for case in others if case.movement == movement]
        yield share(scenario, f"false, {movement}", column, mine, [case.false for case in mine])


def share(
    scenario: str, measure: str, column: str, cases: Sequence[Case], hits: Sequence[bool], part: str = "doors"
) -> Figure:
    """A share of the cases in %, with its interval over episodes."""
    by: dict[tuple[int, int], list[bool]] = {}
    for case, hit in zip(cases, hits, strict=True):
        by.setdefault((case.door, case.episode), []).append(hit)
    low, high = clustered([sum(one) for one in by.values()], [len(one) for one in by.values()])
    value = 100.0 * sum(hits) / len(hits)
    return Figure(part, scenario, measure, column, value, "%", 100.0 * low, 100.0 * high, len(hits))


def _times(scenario: str, column: str, crossed: Sequence[Case]) -> Iterator[Figure]:
    errors = [case.error for case in crossed if case.error is not None]
    delays = [case.delay for case in crossed if case.delay is not None]
    for measure, values, part in (("time error p50", errors, 50), ("time error p95", errors, 95)):
        value = float(np.percentile(values, part)) if values else None
        yield Figure("doors", scenario, measure, column, value, "s", n=len(values))
    value = float(np.percentile(delays, 50)) if delays else None
    yield Figure("doors", scenario, "decided after p50", column, value, "s", n=len(delays))


def summary(column: str, cases: Sequence[Case], rated: set[str]) -> Iterator[Figure]:
    """Over the doors: the median door's shares, and the worst scenario's, of the scenarios that have a target."""
    heard = [case for case in cases if case.sides and case.scenario in rated]
    crossed = [case for case in heard if case.movement == "crossing"]
    both = [case for case in crossed if case.sides == 2]
    strays = [case for case in heard if case.movement in ("near", "static", "turn-back")]
    for measure, chosen, hit, worst in (
        ("crossings right", crossed, [case.right for case in crossed], min),
        ("of those heard on both sides", both, [case.right for case in both], min),
        ("false crossings", strays, [case.false for case in strays], max),
    ):
        if not chosen:
            continue
        yield share("all doors", measure, column, chosen, hit, "sweep")
        middle = _by(chosen, hit, [case.door for case in chosen])
        yield Figure("sweep", "median door", measure, column, median(middle.values()), "%", n=len(middle))
        each = _by(chosen, hit, [case.scenario for case in chosen])
        name = worst(each, key=each.__getitem__)
        yield Figure("sweep", "worst scenario", measure, column, each[name], "%", n=len(each), note=name)
    if crossed and column == OURS:
        yield share(
            "all doors", "heard on one side only", column, crossed, [c.sides < 2 for c in crossed], "sweep"
        )


def _by(cases: Sequence[Case], hits: Sequence[bool], keys: Sequence[K]) -> dict[K, float]:
    """% of hits by key."""
    found: dict[K, list[bool]] = {}
    for key, hit in zip(keys, hits, strict=True):
        found.setdefault(key, []).append(hit)
    return {key: 100.0 * sum(one) / len(one) for key, one in found.items()}
