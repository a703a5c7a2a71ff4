"""`waypost bench`: what this machine can do. What the rows mean stands in gateway/BENCH.md."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from drivers.secret import is_name


def main(arguments: Sequence[str]) -> int:
    """The exit status of the command: 0 whatever was measured, 1 if something could not be."""
    if arguments[:1] == ["accuracy"]:
        from gateway.bench import accuracy

        return accuracy.main(arguments[1:])
    if arguments[:1] == ["areas"]:
        from gateway.bench import areas

        return areas.main(arguments[1:])
    given = _parser().parse_args(arguments)
    from gateway.bench.machine import machine
    from gateway.bench.rows import Printer
    from gateway.bench.suite import OPTIONAL, Suite

    printer = Printer(sys.stdout, given.json)
    printer.head(machine(given.folder))
    missing = 0
    for row in Suite(given.folder, given.seconds, dsn=given.dsn).run(given.names):
        printer.rows([row])
        missing += row.value is None and row.name not in OPTIONAL
    return 1 if missing else 0


def _parser() -> argparse.ArgumentParser:
    from gateway.bench.suite import NAMES

    parser = argparse.ArgumentParser(
        prog="waypost bench",
        description="Measure this machine; see gateway/BENCH.md. `waypost bench accuracy --help`: how right it is;"
        " `waypost bench areas --help`: how right its areas are.",
    )
    parser.add_argument(
        "names",
        nargs="*",
        choices=[*NAMES, []],
        metavar="NAME",
        help=f"of {', '.join(NAMES)}; all if not given",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object per row")
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="how long each rate is measured (default 10)"
    )
    parser.add_argument(
        "--folder", type=Path, default=Path(), help="where journals are written (default: the working folder)"
    )
    parser.add_argument(
        "--dsn",
        type=_secret,
        metavar="env:NAME",
        help="for `sink`: the variable with the connection string of an empty database (default: a server of its own)",
    )
    return parser


def _secret(name: str) -> str:
    """A connection string in the arguments could be read by everybody on the machine."""
    if not is_name(name):
        raise argparse.ArgumentTypeError("write env:NAME, where the variable NAME has the connection string")
    return name
