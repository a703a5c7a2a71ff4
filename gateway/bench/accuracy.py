"""`waypost bench accuracy`: how right the location events are, against a simulated world that knows the truth."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.bench.accuracy_doors import COLUMNS, Case, doors, figures, measure, summary
from gateway.bench.accuracy_figures import Figure
from gateway.bench.accuracy_presence import presence_figures
from gateway.bench.accuracy_rooms import room_figures
from gateway.bench.accuracy_scenarios import scenarios
from gateway.bench.accuracy_table import cell, markdown, picture

PAGE, JSON, PICTURE = "accuracy.md", "accuracy.json", "accuracy.png"
PARTS = ("doors", "rooms", "presence")


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0 whatever was measured."""
    given = _parser().parse_args(arguments)
    began = time.monotonic()
    found = []
    for figure in measured(given.only, given.doors, given.episodes, given.rooms, given.seconds):
        found.append(figure)
        print(json.dumps(figure.fields()) if given.json else line(figure), flush=True)
    about = (
        f"`waypost bench accuracy --doors {given.doors} --episodes {given.episodes} --rooms {given.rooms}`, in"
        f" {time.monotonic() - began:.0f} s. The same reads for every column; simulators/README.md says what the world"
        " is made of."
    )
    if given.write is not None:
        write(given.write, found, about)
    return 0


def measured(only: Sequence[str], number: int, episodes: int, rooms: int, seconds: float) -> Iterator[Figure]:
    """Figures as they become known; `only` names parts or scenarios, none means everything."""
    chosen = [one for one in scenarios() if not only or "doors" in only or one.name in only]
    if chosen:
        swept = doors(number)
        cases: dict[str, list[Case]] = {column: [] for column in COLUMNS}
        for scenario in chosen:
            for column, mine in measure(scenario, swept, episodes).items():
                cases[column] += mine
                yield from figures(scenario.name, column, mine)
        rated = {scenario.name for scenario in chosen if scenario.rated}
        for column, mine in cases.items():
            yield from summary(column, mine, rated)
    if not only or "rooms" in only:
        yield from room_figures(rooms, seconds)
    if not only or "presence" in only:
        yield from presence_figures()


def line(figure: Figure) -> str:
    """A figure for people."""
    return f"{figure.scenario:<30}{figure.measure:<46}{figure.column:<14}{cell(figure)}"


def write(folder: Path, found: Sequence[Figure], about: str) -> None:
    """The page, the figures as JSON lines and, where matplotlib is installed, the picture."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).write_text("".join(json.dumps(figure.fields()) + "\n" for figure in found))
    page = markdown(found, about)
    try:
        picture(found, folder / PICTURE)
        page += f"\n![crossings right and false crossings by scenario]({PICTURE})\n"
    except ModuleNotFoundError as error:
        print(f"no picture: {error.name} is not installed; pip install 'waypost[bench]'", file=sys.stderr)
    (folder / PAGE).write_text(page)


def _parser() -> argparse.ArgumentParser:
    names = [*PARTS, *(scenario.name for scenario in scenarios())]
    parser = argparse.ArgumentParser(
        prog="waypost bench accuracy",
        description="Hold the location events of a simulated world against its truth; see gateway/BENCH.md.",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=names,
        metavar="NAME",
        help=f"one of: {'; '.join(names)}. Repeatable; everything if not given",
    )
    parser.add_argument("--doors", type=_count, default=24, help="random doors of the sweep (default 24)")
    parser.add_argument(
        "--episodes", type=_count, default=4, help="of each scenario at each door (default 4)"
    )
    parser.add_argument("--rooms", type=_count, default=6, help="simulated rooms (default 6)")
    parser.add_argument("--seconds", type=float, default=1_200.0, help="of each room (default 1200)")
    parser.add_argument("--json", action="store_true", help="one JSON object per figure")
    parser.add_argument(
        "--write", type=Path, metavar="DIR", help=f"a folder for {PAGE}, {JSON} and {PICTURE}"
    )
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return int(text)
