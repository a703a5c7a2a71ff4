"""`waypost check [FILE]`: everything that is wrong with a configuration, at once. Opens no device and no journal."""

from pathlib import Path
from typing import Annotated

import typer

from gateway import configuration, exits
from gateway.commands.options import AsJson, Config
from gateway.commands.output import counted, put, say, show
from gateway.problems import Problem


def check(
    file: Annotated[Path | None, typer.Argument(help="Configuration file.")] = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Tell every error of a configuration with line, value, reason and remedy. Exit 0 none, 1 errors, 2 unreadable."""
    path = configuration.find(file or config)
    try:
        problems = configuration.check(path).problems
    except configuration.Unreadable as error:
        _show(error.problem, json)
        raise typer.Exit(exits.UNREADABLE) from None
    everything = (*problems, *configuration.foreign_owners())
    for problem in everything:
        _show(problem, json)
    errors = sum(problem.level == "error" for problem in everything)
    warnings = len(everything) - errors
    say(f"{path}: {counted(errors, 'error')}, {counted(warnings, 'warning')}")
    raise typer.Exit(exits.WRONG if errors else exits.OK)


def _show(problem: Problem, json: bool) -> None:
    if json:
        put(problem.as_json())
    else:
        show(str(problem))
