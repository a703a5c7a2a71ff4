"""Every command under its name."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.commands import (
    bench,
    capture,
    check,
    decode,
    demo,
    events,
    find,
    replay,
    simulate,
    status,
    watch,
)
from gateway.commands.common import Config

application = typer.Typer(
    name="waypost",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="From RFID readers to true location events. Exit status: 0 well; 1 wrong configuration or result; "
    "2 unreadable file or wrong use; 3 no daemon or no journal; 4 the daemon failed.",
)


@application.command()
def run(
    file: Annotated[Path | None, typer.Argument(help="Configuration file.")] = None, config: Config = None
) -> None:
    """Run the daemon in the foreground."""
    from gateway.commands.run import main as run_daemon

    raise typer.Exit(run_daemon([str(path) for path in (file or config,) if path]))


for _command in (
    check.check,
    demo.demo,
    simulate.simulate,
    status.status,
    events.events,
    find.find,
    watch.watch,
    decode.decode,
    replay.replay,
    capture.capture,
):
    application.command()(_command)
application.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)(bench.bench)


def main(arguments: list[str]) -> int:
    """The exit status of a command."""
    answer = typer.main.get_command(application)(arguments, prog_name="waypost")
    return int(answer or 0)
