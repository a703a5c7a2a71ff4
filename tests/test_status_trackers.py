"""The status of a running daemon that trackers call: who is connected, who is refused, and whom no item has."""

import asyncio
from functools import partial
from pathlib import Path

from typer.testing import CliRunner, Result

from gateway.commands.all import application
from gateway.commands.status import TRACKERS
from simulators.clock import RunningClock
from simulators.logbook import Faults
from simulators.teltonika import SimulatedTeltonika
from simulators.track import Track
from tests.fix_daemon import ask, until
from tests.fix_site import START, Wall, all_up, daemon
from tests.loopback import free_port
from tests.virtual_loop import run

IMEI = [f"35209308640{number:04}" for number in range(3)]
TOML = """
[site]
id = "leeds"
[[device]]
id = "road"
kind = "teltonika"
url = "listen://127.0.0.1:{port}"
trackers = {trackers}
[[item]]
id = "van"
tags = ["tracker:{van}"]
"""


def shown(file: Path) -> Result:
    return CliRunner().invoke(application, ["status", "--config", str(file)])


def test_who_calls_and_what_to_write_of_whom(tmp_path: Path) -> None:
    port = free_port()
    file = tmp_path / "waypost.toml"
    file.write_text(TOML.format(port=port, trackers=IMEI[:2], van=IMEI[0]))
    fleet = [SimulatedTeltonika(one, Track(at, START), START, 1.0, Faults()) for at, one in enumerate(IMEI)]

    async def main() -> tuple[Result, Result]:
        clock = RunningClock(START)
        journal = file.with_name("waypost.db")
        async with daemon(file, Wall(clock).clock()) as one:
            await until(lambda: all_up(one), "it listens")
            calls = [asyncio.create_task(each.call("127.0.0.1", port, clock)) for each in fleet]
            await until(lambda: one.links["road"].fixes_total > 60, "two of them deliver")
            rows = (await ask(journal))["devices"]["road"]["trackers"]
            before = await asyncio.to_thread(partial(shown, file))
            for call in calls:
                call.cancel()
            await asyncio.wait(calls)
            await until(lambda: not one.links["road"].counters["connected"], "they are gone")
            after = await asyncio.to_thread(partial(shown, file))
        by_name = {row["tracker"]: row for row in rows}
        van, stranger, refused = (by_name[f"tracker:{one}"] for one in IMEI)
        assert (van["item"], van["connected"], van["toml"], van["refused"]) == ("van", True, None, {})
        assert van["fixes"] > 25
        assert van["first"] <= van["last"]
        assert van["fix"]["time"] >= van["first"][:19]
        assert (stranger["item"], stranger["connected"]) == (None, True)
        assert (refused["fix"], refused["fixes"], refused["connected"]) == (None, 0, None)
        assert refused["refused"]["refused"] >= 1
        return before, after

    before, after = run(main())
    lines = before.stdout.splitlines()
    (line,) = [line for line in lines if f"tracker:{IMEI[0]}" in line]
    assert "  van  connected  heard 2026-" in line
    assert "  last fix 2026-" in line
    (line,) = [line for line in lines if f"tracker:{IMEI[2]}" in line]
    assert "  no item  heard never  no fix  0 fixes  refused " in line
    assert f"road refuses tracker:{IMEI[2]}: add its id to `trackers` of road" in before.stderr
    assert "no item has these trackers of road; what would make items of them:\n[[item]]\n" in before.stderr
    assert f'id = "{IMEI[1]}"\ntags = ["tracker:{IMEI[1]}"]' in before.stderr
    assert f'tags = ["tracker:{IMEI[0]}"]' not in before.stderr
    assert "van  not connected  heard" in after.stdout


def test_many_are_shown_in_part(tmp_path: Path) -> None:
    file = tmp_path / "waypost.toml"
    file.write_text('[site]\nid = "leeds"\n[[device]]\nid = "road"\nkind = "recorded"\n')

    async def main() -> Result:
        async with daemon(file, Wall(RunningClock(START)).clock()) as one:
            for number in range(TRACKERS + 5):
                one.links["road"].connected(str(number))
            return await asyncio.to_thread(partial(shown, file))

    lines = run(main()).stdout.splitlines()
    assert sum("tracker:" in line for line in lines) == TRACKERS
    assert f"    tracker:{TRACKERS + 4}  no item  connected  heard" in lines[2]
    assert "    and 5 more; --json lists all" in lines
