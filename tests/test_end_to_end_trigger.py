"""A triggered reader at the running daemon: rests, also one in which the daemon is restarted, end no visit."""

import asyncio
from pathlib import Path

from core.records import Idle
from gateway.app import Daemon
from simulators.clock import SECOND, RunningClock
from simulators.llrp import SimulatedReader
from simulators.llrp_reports import Sighting
from tests.fix_daemon import events, gaps, inputs, until
from tests.fix_site import START, Wall, all_up, daemon
from tests.llrp_bytes import epc
from tests.virtual_loop import run

REST = 900
"""Seconds between two runs, and far more than the silence of the zone."""


def configure(folder: Path, url: str) -> Path:
    file = folder / "waypost.toml"
    file.write_text(
        f"""
[site]
id = "leeds"
[journal]
path = "{folder / "waypost.db"}"
[[zone]]
id = "cage"
silence = 10
[[device]]
id = "cage1"
kind = "llrp"
url = "{url}"
antennas = [ {{ port = 1, zone = "cage" }} ]
trigger = {{ gpi = 1, hold = 5 }}
"""
    )
    return file


async def triggered(reader: SimulatedReader, *tags: int) -> None:
    """The line goes high, the reader reads for its five seconds and hears those tags in each of them."""
    reader.gpi(1, True)
    for _ in range(5):
        await reader.see(*(Sighting(1, epc(number)) for number in tags))
        await asyncio.sleep(0.9)
    await asyncio.sleep(1)
    reader.gpi(1, False)
    await asyncio.sleep(REST)


def test_rests_end_no_visit_and_are_no_gap(tmp_path: Path) -> None:
    journal = tmp_path / "waypost.db"

    async def main() -> None:
        clock = RunningClock(START)
        async with SimulatedReader(clock=clock) as reader:
            file = configure(tmp_path, reader.url)

            async def up(one: Daemon) -> None:
                await until(lambda: all_up(one) and len(reader.device.runs) == 1, "it waits for its trigger")
                await asyncio.sleep(1)

            async with daemon(file, Wall(clock).clock()) as one:
                await up(one)
                for _ in range(3):
                    await triggered(reader, 1, 2)
                assert one.links["cage1"].health.state == "up"
            async with daemon(file, Wall(clock).clock()) as one:
                await up(one)
                for _ in range(3):
                    await triggered(reader, 1)  # the other one is gone
                for _ in range(2):
                    reader.gpi(1, True)
                    await asyncio.sleep(6)
                    reader.gpi(1, False)
                await asyncio.sleep(60)

    run(main())
    told = [(event.kind, event.tag) for event in events(journal, "arrived", "departed")]
    one, other = (epc(number).hex().upper() for number in (1, 2))
    assert told[:3] == [("arrived", one), ("arrived", other), ("departed", other)]
    (gone,) = events(journal, "departed")[:1]
    assert gone.time < START + 4 * REST * SECOND, "its last read, before the restart"
    assert [gap.reason for gap in gaps(journal)] == ["Waypost was stopped"]
    rests = [one.body.idle for one in inputs(journal) if isinstance(one.body, Idle)]
    assert rests == [True, *[False, True] * 3, True, *[False, True] * 5]
