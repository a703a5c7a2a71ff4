"""The numbers of the status: every read that a device handed over is found again in one of them."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from core.records import SECOND, Alive, Dictionary, Input, Up, reads
from core.site import Antenna, Site, Source, Zone
from gateway.intake import Intake
from gateway.journal import Journal
from gateway.link import DeviceLink
from gateway.recovery import Pipelines
from gateway.sinks.dispatch import Dispatch
from gateway.sinks.origin import Origin
from gateway.status import fixes, status
from gateway.writer import Writer

START = 1_800_000_000 * SECOND
NAMES = ("door1", "door2")
SITE = Site("s", (Zone("z"),), sources=tuple(Source(name, (Antenna(0, "z"),)) for name in NAMES))


async def nobody(reason: str) -> None:
    """Nobody is told that the journal went back in time."""


async def told(path: Path) -> dict[str, Any]:
    """The status after good reads, repeated ones, noise, and inputs on which the pipeline fails."""
    loop, intake = asyncio.get_running_loop(), Intake()
    links = {name: DeviceLink(name, intake, lambda: START, lambda: True) for name in NAMES}
    with ThreadPoolExecutor(1) as thread:
        journal = await loop.run_in_executor(thread, Journal.open, path, "s")
        writer = Writer(intake, journal, Pipelines(SITE), frozenset(NAMES), thread)
        await writer.recover()
        running = asyncio.create_task(writer.run())
        for name in NAMES:
            await links[name].emit(Up(START))
        good = reads(
            Dictionary(["E200", "0000"]), [START, START + 1, START], [0, 1, 0], [1, 1, 1], [-50.0] * 3
        )
        await links["door1"].emit(good)
        links["door1"].count("zero_epc", 5)
        nameless = reads(Dictionary(), [START] * 4, [7] * 4, [1] * 4, [-50.0] * 4)
        await links["door1"].emit(nameless)
        await links["door2"].emit(nameless)
        await intake.put(Input("nobody", START, Alive(START)))
        await (await links["door1"].emit(Alive(START + 9 * SECOND)))
        origin = Origin(
            path,
            "s",
            {},
            journal.notebook,
            lambda: journal.epoch,
            lambda: START,
            writer.save_notes,
            writer.save_notes,
            nobody,
        )
        found = status(SITE, journal.counts(), links, writer, intake, Dispatch((), origin, dict), {})
        writer.stop()
        await running
        await loop.run_in_executor(thread, journal.close)
    return found


def test_reads_that_were_set_aside_are_found_again(tmp_path: Path) -> None:
    found = asyncio.run(told(tmp_path / "waypost.db"))
    total, devices = found["total"], found["devices"]
    assert total["intake_bytes"] == 0  # nothing waits
    assert [devices[name]["reads_total"] for name in NAMES] == [3 + 5 + 4, 4]
    for one in devices.values():
        parts = Counter(one["reads"])
        assert parts["received"] == sum(
            parts[name] for name in ("noise", "duplicates", "filtered", "accepted")
        )
        assert one["reads_total"] == parts["received"] + parts["set_aside"]
    assert sum(one["reads_total"] for one in devices.values()) == total["reads"] + total["reads_set_aside"]
    assert (total["reads"], total["noise"], total["duplicates"], total["reads_set_aside"]) == (8, 6, 1, 8)
    assert total["set_aside"] == 3  # two with reads, and one of a device that nobody knows
    assert "3 inputs with 8 reads were set aside" in found["health"]


def test_fixes_are_counted_apart() -> None:
    counts = {"fixes": 9, "fixes_accepted": 6, "fix_duplicates": 3, "fixes_invalid": 2, "received": 4}
    assert fixes(counts) == {"received": 9, "duplicates": 3, "accepted": 6, "invalid": 2}
    assert fixes({}) == dict.fromkeys(("received", "duplicates", "accepted", "invalid"), 0)
