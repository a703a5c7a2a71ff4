"""A site whose journal's disk goes bad and is good again: `python -m tests.fix_bad_disk FAULT FOLDER [stop]`.

Three minutes in no time, in a process of its own with the shim of `tests.faults` preloaded. From second 50 to 110 the
disk has the fault; with `stop` the daemon is stopped at second 80 and started again at 115. What was seen is printed as
one JSON object.
"""

import asyncio
import errno
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from simulators.clock import SECOND, RunningClock
from simulators.layout import docks
from simulators.site import SimulatedSite
from simulators.traffic import Scenario
from simulators.world import World
from tests.faults.shim import Shim
from tests.fix_daemon import events, until
from tests.fix_site import LEAD, START, Wall, all_up, configure, daemon, pause_until, stage
from tests.virtual_loop import run

WORLD = World(Scenario(2, START, 180.0, docks(2, 0), 120.0, 20.0, 20.0, tags=(2, 6), registered=0.9))
BAD, STOPPED, GOOD, BACK = 50.0, 80.0, 110.0, 115.0
ALL = 1_000_000_000


def _failing(shim: Shim, error: int) -> Callable[[bool], None]:
    def fault(on: bool) -> None:
        shim.arm(0 if on else -1, ALL, error)
        shim.read_only(on and error == errno.EROFS)

    return fault


def faults(shim: Shim) -> dict[str, Callable[[bool], None]]:
    """What may befall a disk, to be switched on and off."""
    return {
        "full": shim.full,
        "failing": _failing(shim, errno.EIO),
        "read-only": _failing(shim, errno.EROFS),
    }


async def lasting(folder: Path, fault: Callable[[bool], None]) -> dict[str, object]:
    """The daemon outlives the fault."""
    async with stage(WORLD, folder) as (clock, site, one):
        playing = asyncio.create_task(site.play())
        await pause_until(clock, BAD)
        before = len(events(folder / "waypost.db"))
        fault(True)
        await pause_until(clock, GOOD)
        status, during = one.status(), len(events(folder / "waypost.db"))
        fault(False)
        await playing
        await pause_until(clock, 240)
        return {"status": status, "after": one.status(), "before": before, "during": during}


async def interrupted(folder: Path, fault: Callable[[bool], None]) -> dict[str, object]:
    """The daemon is stopped while nothing can be written."""
    clock = RunningClock(START - LEAD * SECOND)
    wall = Wall(clock)
    async with SimulatedSite(WORLD, clock) as site:
        file = configure(site, folder)
        ended = ""
        try:
            async with daemon(file, wall.clock()) as one:
                await until(lambda: all_up(one), "the readers are up")
                playing = asyncio.create_task(site.play())
                await pause_until(clock, BAD)
                fault(True)
                await pause_until(clock, STOPPED)
        except* Exception as error:
            ended = repr(error.exceptions)
        await pause_until(clock, GOOD)
        fault(False)
        await pause_until(clock, BACK)
        async with daemon(file, wall.clock()):
            await playing
            await pause_until(clock, 240)
    return {"ended": ended}


def main() -> None:
    """See above."""
    fault, folder = faults(Shim())[sys.argv[1]], Path(sys.argv[2])
    Shim().watch(folder / "waypost.db")
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
    live = interrupted if sys.argv[3:] == ["stop"] else lasting
    print(json.dumps(run(live(folder, fault))))


if __name__ == "__main__":
    main()
