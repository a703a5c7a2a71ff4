"""`waypost bench ...`: measure this machine; the arguments are those of gateway.bench."""

import importlib

import typer

from gateway import exits
from gateway.commands.output import fail


def bench(context: typer.Context) -> None:
    """Measure speed, latency and disk use on this machine."""
    try:
        measured = importlib.import_module("gateway.bench")
    except ModuleNotFoundError as error:
        fail(f"the benchmark needs {error.name}, which is not installed", exits.UNAVAILABLE)
    raise typer.Exit(measured.main(context.args))
