"""Every command under its name."""

from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from gateway.commands import (
    bench,
    capture,
    check,
    db,
    decode,
    demo,
    discover,
    events,
    explain,
    find,
    gaps,
    replay,
    simulate,
    status,
    watch,
)
from gateway.commands.options import AsJson, Config

application = typer.Typer(
    name="waypost",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="From RFID readers to true location events. Exit status: 0 well; 1 wrong configuration or result; "
    "2 unreadable file or wrong use; 3 no daemon or no journal; 4 the daemon failed.",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"waypost {metadata.version('waypost')}")
        raise typer.Exit


@application.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version.")
    ] = False,
) -> None:
    """What stands before the command."""


@application.command()
def run(
    file: Annotated[Path | None, typer.Argument(help="Configuration file.")] = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Run the daemon in the foreground."""
    from gateway.commands.run import main as run_daemon

    raise typer.Exit(run_daemon([str(path) for path in (file or config,) if path] + ["--json"] * json))


for _command in (
    check.check,
    discover.discover,
    demo.demo,
    simulate.simulate,
    status.status,
    events.events,
    gaps.gaps,
    explain.explain,
    find.find,
    watch.watch,
    decode.decode,
    replay.replay,
    capture.capture,
):
    application.command()(_command)
application.add_typer(db.application, name="db")
application.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)(bench.bench)


def main(arguments: list[str]) -> int:
    """The exit status of a command."""
    answer = typer.main.get_command(application)(arguments, prog_name="waypost")
    return int(answer or 0)
