"""`waypost watch`: what each reader and antenna hears, second by second."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gateway import exits
from gateway.client import NotRunning, Refused, ask
from gateway.commands.options import AsJson, Config, load
from gateway.commands.output import fail, put
from gateway.control import socket_path

if TYPE_CHECKING:
    from rich.table import Table


def watch(config: Config = None, json: AsJson = False) -> None:
    """Show live reads/s, unique tags, RSSI and age of the last read per reader and antenna; Ctrl-C ends it."""
    path = socket_path(load(config).journal)
    answers = ask(path, {"command": "watch"})
    try:
        if json:
            for answer in answers:
                put(answer)
        else:
            _live(answers)
    except (NotRunning, Refused) as error:
        fail(str(error), exits.UNAVAILABLE)
    except KeyboardInterrupt:
        return


def _live(answers: Iterable[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console()
    if not console.is_terminal:  # a file or a pipe keeps them all
        for answer in answers:
            console.print(_table(answer))
        return
    with Live(console=console, auto_refresh=False) as screen:
        for answer in answers:
            screen.update(_table(answer), refresh=True)


def _table(answer: dict[str, Any]) -> "Table":
    from rich.table import Table

    table = Table("reader", "antenna", "state", "reads/s", "tags", "RSSI", "last read")
    silent = set(answer["devices"]) - {row["device"] for row in answer["antennas"]}
    for row in answer["antennas"]:
        rssi = "-" if row["rssi"] is None else f"{row['rssi']:.1f}"
        state = answer["devices"][row["device"]]
        cells = (row["reads_per_second"], row["tags"], rssi, f"{row['age']:.1f} s ago")
        table.add_row(row["device"], str(row["antenna"]), state, *(str(cell) for cell in cells))
    for name in sorted(silent):
        table.add_row(name, "-", answer["devices"][name], "-", "-", "-", "-")
    return table
