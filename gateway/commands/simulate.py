"""`waypost simulate [FILE]`: simulators in the place of a configuration's devices."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gateway import exits
from gateway.commands.options import AsJson, Config, load
from gateway.commands.output import fail, put, say


def simulate(
    file: Annotated[Path | None, typer.Argument(help="Configuration file.")] = None,
    seconds: Annotated[float, typer.Option(min=10, help="How long.")] = 3600,
    seed: Annotated[int, typer.Option(help="Another seed is another day.")] = 1,
    truth: Annotated[Path | None, typer.Option(help="File for what really happens, as JSON.")] = None,
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Stand in for the devices of the file, with traffic at its doors and in its zones, one world for all of them.

    Network devices are served on 127.0.0.1 at the port of their url, whatever host it names; serial ports are
    pseudo-terminals, linked to the path of the url; devices on a broker publish to that broker. What tells positions
    is a vehicle, a piece of equipment or a person on the road; trackers call the ports on which the file listens.
    """
    from gateway.simulation import simulate as play
    from gateway.stand_ins import CannotSimulate, StandIn

    def tell(stand_ins: Mapping[str, StandIn | None], happens: str) -> None:
        for device, one in stand_ins.items():
            if one is None:
                say(f"{device}: left out, there is no simulator for its kind or its url")
            else:
                put({"device": device, "url": one.at}) if json else say(f"{device}: {one.at}")
        if truth is not None:
            truth.write_text(happens, encoding="utf-8")

    loaded = load(file or config)
    try:
        asyncio.run(play(loaded, seconds, seed, tell))
    except CannotSimulate as error:
        fail(str(error), exits.WRONG)
    except BrokenPipeError:
        raise
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else f"a port: {error.strerror}"
        fail(f"{what}; end the program that has it, or name another", exits.UNAVAILABLE)
    except KeyboardInterrupt:
        return
