"""The scenarios at doors: a movement, and what is special about the door or its reader."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.gate import Arrangement
    from simulators.inventory import Session
    from simulators.scene import Parameters, Unit
    from simulators.walks import Kind

Change = Callable[["Parameters"], "Parameters"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`change` is made to every door of the sweep; `rated`: the sweep's targets are meant for it."""

    name: str
    kind: "Kind"
    change: Change = lambda parameters: parameters
    arrangement: "Arrangement | None" = None
    rated: bool = True


def scenarios() -> tuple[Scenario, ...]:
    """Every movement on the whole sweep, then a few on doors with something special, which have no target."""
    from simulators.walks import KINDS

    return (*(Scenario(kind, kind) for kind in KINDS), *_special())


def _special() -> tuple[Scenario, ...]:
    return (
        Scenario("walk, session S1", "walk", _session("S1"), rated=False),
        Scenario("walk, session S2", "walk", _session("S2"), rated=False),
        Scenario("walk, RSSI missing", "walk", _unit("missing"), rated=False),
        Scenario("turn-back, RSSI missing", "turn-back", _unit("missing"), rated=False),
        Scenario("walk, RSSI constant", "walk", _unit("constant"), rated=False),
        Scenario("walk, clocks 3 s apart", "walk", _skewed(3.0), "two-readers", rated=False),
        Scenario("turn-back, clocks 3 s apart", "turn-back", _skewed(3.0), "two-readers", rated=False),
        Scenario("walk, doors beside it", "walk", _watched, "one-each", rated=False),
        Scenario("next-lane, doors beside it", "next-lane", _watched, "one-each", rated=False),
        Scenario("walk, far antenna dead", "walk", _deaf, rated=False),
        Scenario("turn-back, far antenna dead", "turn-back", _deaf, rated=False),
        Scenario("walk, no sides", "walk", arrangement="plane", rated=False),
        Scenario("along, no sides", "along", arrangement="plane", rated=False),
    )


def _session(session: "Session") -> Change:
    return lambda door: replace(door, reading=replace(door.reading, session=session))


def _unit(unit: "Unit") -> Change:
    return lambda door: replace(door, unit=unit)


def _watched(door: "Parameters") -> "Parameters":
    return replace(door, gate=replace(door.gate, watched=True))


def _deaf(door: "Parameters") -> "Parameters":
    return replace(door, gate=replace(door.gate, gain=(door.gate.gain[0], -80.0)))


def _skewed(seconds: float) -> Change:
    return lambda door: replace(door, skew=seconds)
