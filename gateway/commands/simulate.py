"""`waypost simulate [FILE]`: simulated readers in the place of a configuration's LLRP devices."""

import asyncio
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
    config: Config = None,
    json: AsJson = False,
) -> None:
    """Serve every LLRP device of the file on 127.0.0.1 at the port of its URL, with traffic at its doors."""
    from gateway.simulation import CannotSimulate, ports
    from gateway.simulation import simulate as play

    loaded = load(file or config)
    try:
        for device, port in ports(loaded).items():
            url = f"tcp://127.0.0.1:{port}"
            put({"device": device, "url": url}) if json else say(f"{device}: {url}")
        asyncio.run(play(loaded, seconds, seed))
    except CannotSimulate as error:
        fail(str(error), exits.WRONG)
    except BrokenPipeError:
        raise
    except OSError as error:
        fail(f"a port cannot be used: {error.strerror}; end the program that has it", exits.UNAVAILABLE)
    except KeyboardInterrupt:
        return
