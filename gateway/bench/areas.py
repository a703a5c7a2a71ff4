"""`waypost bench areas`: false exits of parked assets and the delay of true ones, ours beside what others do."""

import argparse
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from core.records import SECOND
from gateway.bench.areas_cells import CELLS, INSIDE, Cell, Way, leaving, parked
from gateway.bench.areas_rules import CURVE, RULES, Decide
from gateway.bench.areas_speed import speeds
from gateway.bench.machine import machine
from gateway.bench.rows import Printer, Row

FALSE = 0.02
"""False exits per asset-day."""
DELAYS: dict[Way, float] = {"walks": 50.0, "stops": 50.0, "drives": 35.0}
"""s, the median."""
TABLE = {5.0: 380.0, 15.0: 22.8, 35.0: 20.1}
"""What a raw test gives on the plain cell: the generator is right if ours is within 25 % of it."""
LIMIT = 600.0
"""s after which an exit that was not told is missed."""
SEED = 20_000
"""Days and exits have seeds from here on; the decider's numbers were chosen on others."""


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 whatever was measured."""
    given = _parser().parse_args(arguments)
    printer = Printer(sys.stdout, given.json)
    printer.head(machine(Path()))
    for row in measured(given.days, given.exits, given.seconds):
        printer.rows([row])
    return 0


def measured(days: int, exits: int, seconds: float) -> Iterator[Row]:
    """Rows as they become known."""
    for cell in CELLS:
        for inside in INSIDE:
            yield from false_exits(cell, inside, days, RULES)
        for way in DELAYS:
            for inside in INSIDE:
                yield from true_exits(cell, inside, way, exits, RULES)
    for cell in (CELLS[0], CELLS[-1]):
        yield from false_exits(cell, INSIDE[1], max(days // 4, 1), CURVE)
        yield from true_exits(cell, INSIDE[1], "walks", max(exits // 4, 1), CURVE)
    yield from speeds(seconds)


def false_exits(cell: Cell, inside: float, days: int, rules: Mapping[str, Decide]) -> Iterator[Row]:
    """Of assets that never move, a row for each decider."""
    told = dict.fromkeys(rules, 0)
    for fixes in parked(cell, inside, days, SEED):
        for name, rule in rules.items():
            told[name] += len(rule(fixes))
    for name, count in told.items():
        conditions = f"{days} asset-days, {count} in all"
        if name == "raw test" and cell is CELLS[0]:
            conditions += f"; the published table has {TABLE[inside]}"
        if name == "waypost":
            conditions += f"; at most {FALSE} is wanted"
        what = f"{name}: false exits"
        yield Row(_name(cell, inside), what, count / days, "/day", conditions)


def true_exits(cell: Cell, inside: float, way: Way, times: int, rules: Mapping[str, Decide]) -> Iterator[Row]:
    """Of assets that leave, two rows for each decider: the median delay, and the share that was missed."""
    delays: dict[str, list[float]] = {name: [] for name in rules}
    for case in leaving(cell, inside, way, times, SEED):
        for name, rule in rules.items():
            first = next((one for one in rule(case.fixes) if one >= case.begins), None)
            after = LIMIT + 1 if first is None else (first - case.crosses) / SECOND
            delays[name].append(after)
    for name, found in delays.items():
        missed = sum(one > LIMIT for one in found)
        ordered = sorted(found)
        conditions = (
            f"{times} exits, 9 of 10 within {ordered[(9 * times) // 10 - 1 if times > 1 else 0]:.0f} s"
        )
        mine = name == "waypost"
        what = f"{name}: {way}, median delay"
        yield Row(
            _name(cell, inside), what, statistics.median(found), "s", conditions,
            DELAYS[way] if mine else None, "lower",
        )  # fmt: skip
        what = f"{name}: {way}, missed"
        yield Row(_name(cell, inside), what, float(missed), "exits", f"not told within {LIMIT:.0f} s")


def _name(cell: Cell, inside: float) -> str:
    return f"areas {cell.name}, {inside:.0f} m"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="waypost bench areas",
        description="How often a parked asset is told to have left, and how soon one that left; see gateway/BENCH.md.",
    )
    parser.add_argument("--days", type=_count, default=200, help="asset-days of each cell (default 200)")
    parser.add_argument("--exits", type=_count, default=200, help="true exits of each cell (default 200)")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each rate (default 5)")
    parser.add_argument("--json", action="store_true", help="one JSON object per row")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)
