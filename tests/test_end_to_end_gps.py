"""Simulated receivers and a simulated gpsd, through their drivers into the running daemon: its journal has the truth."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from core.records import Fixes, Flag
from gateway.reader import open_read_only
from simulators.clock import SECOND, RunningClock
from simulators.gpsd import GpsdReceiver, SimulatedGpsd
from simulators.nmea import Faults, SimulatedReceiver
from simulators.nmea_dialects import DIALECTS
from simulators.nmea_lines import ReceiverPort, ReceiverServer
from simulators.receiver import Place
from simulators.track import Track, metres
from tests.fix_daemon import gaps, until
from tests.fix_site import START, Wall, all_up, daemon
from tests.virtual_loop import run

MIDNIGHT = START + 86_400 * SECOND
BEGIN = MIDNIGHT - 25 * SECOND
LASTS = 70
CUT = MIDNIGHT + 34 * SECOND

Told = list[tuple[int, Place]]
Row = tuple[int, float, float, int]
"""Time, latitude, longitude, flags."""


def after(seconds: int, until: int) -> tuple[int, int]:
    """A window of seconds behind midnight."""
    return MIDNIGHT + seconds * SECOND, MIDNIGHT + until * SECOND


RECEIVERS = {
    "van": ("u-blox", Faults(tunnel=after(15, 28))),
    "boat": ("marine", Faults()),
    "lorry": ("MediaTek 5 Hz", Faults(eras=1, tunnel=after(-5, 5))),
    "tractor": ("SiRF", Faults(latch=after(5, 18), halved=range(45, 55, 3))),
    "clock": ("timing", Faults(tunnel=after(-15, -8))),
    "quick": ("u-blox 10 Hz", Faults(halved=(7, 300))),
}
GPSD = {
    "/dev/ttyACM0": ("crane", GpsdReceiver(Track(70, BEGIN), tunnel=after(-10, 10))),
    "/dev/ttyACM1": ("train", GpsdReceiver(Track(71, BEGIN), rate=4, eras=1)),
}


def test_the_journal_has_where_they_truly_were(tmp_path: Path) -> None:
    """Over midnight, in tunnels, with broken sentences and a week counter that has run over; one line is cut."""
    simulated = {
        name: SimulatedReceiver(Track(seed, BEGIN), DIALECTS[dialect], faults)
        for seed, (name, (dialect, faults)) in enumerate(RECEIVERS.items())
    }
    told: dict[str, Told] = {}

    async def main() -> None:
        clock = RunningClock(BEGIN)
        async with AsyncExitStack() as served:
            lines = {
                name: await served.enter_async_context(ReceiverServer(one, clock).served())
                for name, one in simulated.items()
            }
            gpsd = SimulatedGpsd({path: one for path, (_, one) in GPSD.items()}, clock)
            await served.enter_async_context(gpsd.served())
            file = tmp_path / "waypost.toml"
            file.write_text(configuration({name: line.url for name, line in lines.items()}, gpsd.url))
            async with daemon(file, Wall(clock).clock()) as one:
                await until(lambda: all_up(one), "all are up")
                await asyncio.sleep((CUT - clock.now()) / SECOND)
                lines["van"].hang_up()
                await until(lambda: not all_up(one), "a line is cut")
                await until(lambda: all_up(one), "it is there again")
                await asyncio.sleep(LASTS - (clock.now() - BEGIN) / SECOND)
                quick = one.links["quick"].counters
                assert quick["noise"] > 0
                assert one.links["tractor"].counters["repeated"] >= 13
        told.update({name: one.told for name, one in simulated.items()})
        for path, (name, _) in GPSD.items():
            told[name] = [(time, place) for device, time, place in gpsd.told if device == path]

    run(main())
    journal = tmp_path / "waypost.db"
    (gap,) = [gap for gap in gaps(journal) if gap.to > CUT]
    assert gap.source == "van"
    found = journalled(journal)
    assert set(found) == {f"tracker:{name}" for name in told}
    end = BEGIN + (LASTS - 3) * SECOND
    for name, wanted in told.items():
        if name == "van":
            wanted = [(time, place) for time, place in wanted if not gap.since - 2 * SECOND < time < gap.to]
        rows = found[f"tracker:{name}"]
        if name == "van":
            rows = [row for row in rows if not gap.since - 2 * SECOND < row[0] < gap.to]
        agree(rows, wanted, end)
    for name, flags in (("lorry", 9), ("train", 9), ("van", 1)):
        assert {row[3] for row in found[f"tracker:{name}"]} == {flags}
    assert Flag.VALID | Flag.CORRECTED == 9


def test_a_receiver_on_a_port_whose_rate_nobody_told(tmp_path: Path) -> None:
    """In real time, eight times as fast as life."""
    receiver = SimulatedReceiver(Track(9, BEGIN), DIALECTS["SiRF"])

    async def main() -> None:
        clock = RunningClock(BEGIN, 8.0)
        with ReceiverPort(receiver, tmp_path / "usb-gps", clock) as line:
            file = tmp_path / "waypost.toml"
            file.write_text(configuration({"van": line.url}))
            async with daemon(file, Wall(clock).clock()) as one:
                await until(lambda: one.links["van"].fixes_total >= 8, "it tells where it is")
                assert "; 4800 baud" in str(one.links["van"].health.info)

    asyncio.run(main())
    rows = journalled(tmp_path / "waypost.db")["tracker:van"]
    wanted = [(time, place) for time, place in receiver.told if time >= rows[0][0]]
    agree(rows, wanted, rows[-1][0])


def configuration(urls: dict[str, str], gpsd: str | None = None) -> str:
    """A site with these devices."""
    tables = ['[site]\nid = "yard"\n']
    tables += [f'[[device]]\nid = "{name}"\nkind = "nmea"\nurl = "{url}"\n' for name, url in urls.items()]
    if gpsd is not None:
        names = ", ".join(f'"{path}" = "{name}"' for path, (name, _) in GPSD.items())
        tables.append(f'[[device]]\nid = "depot"\nkind = "gpsd"\nurl = "{gpsd}"\ntrackers = {{ {names} }}\n')
    return "\n".join(tables)


def journalled(journal: Path) -> dict[str, list[Row]]:
    """Every fix of the journal, by tracker."""
    found: dict[str, list[Row]] = {}
    with open_read_only(journal) as past:
        for _, input in past.rows(Fixes):
            assert isinstance(input.body, Fixes)
            for tracker, row in _rows(input.body):
                found.setdefault(tracker, []).append(row)
    return found


def _rows(body: Fixes) -> Iterable[tuple[str, Row]]:
    names = [body.trackers.ids[code] for code in body.tracker.tolist()]
    columns = (body.time.tolist(), body.lat.tolist(), body.lon.tolist(), body.flags.tolist())
    return zip(names, zip(*columns, strict=True), strict=True)


def agree(rows: Sequence[Row], told: Told, end: int) -> None:
    """The same times, once each and in order, and the same places."""
    seen = [row for row in rows if row[0] < end]
    wanted = [(time, place) for time, place in told if time < end]
    assert [row[0] for row in seen] == [time for time, _ in wanted]
    assert len(seen) > 5
    for (_, lat, lon, _), (_, place) in zip(seen, wanted, strict=True):
        assert metres((lat, lon), (place.lat, place.lon)) < 0.2
