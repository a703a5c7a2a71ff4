"""The tags that no item owns, at a running daemon: the list, its bound, and what the status and the commands say."""

import asyncio
import json
import logging
from pathlib import Path

import pytest

from core.events import rfc3339
from core.eviction import PACE, STEP
from core.records import SECOND, Alive, Dictionary, Up, reads
from core.state import TURN
from gateway.app import Daemon
from gateway.clock import Clock
from gateway.configuration import load
from gateway.link import DeviceLink
from gateway.notify import Notifier
from tests.fix_daemon import Answer, ask, waypost
from tests.fix_site import daemon
from tests.virtual_loop import run

START = 1_800_000_000 * SECOND
STEPS = -(-300 // STEP) * PACE
"""Reads in which 300 tags are forgotten."""
KNOWN = "E200"
TAGS = Dictionary((KNOWN, *(f"E201{number:04X}" for number in range(1, 2_000))))
SITE = """\
[site]
id = "test"
[tags]
unknown = "{unknown}"
limit = {limit}
[[zone]]
id = "hall"
[[device]]
id = "inner"
kind = "recorded"
antennas = [{{ port = 0, zone = "hall" }}]
[[item]]
id = "drill"
tags = ["E200"]
"""


def configure(folder: Path, unknown: str, limit: int = 200_000, more: str = "") -> Path:
    """The site's configuration."""
    file = folder / "waypost.toml"
    file.write_text(SITE.format(unknown=unknown, limit=limit) + more)
    return file


def clock() -> Clock:
    """One that stands still."""
    return Clock(lambda: START * 1_000, lambda: 0, lambda: True)


async def hear(link: DeviceLink, codes: list[int]) -> None:
    """A read of each, a millisecond after the other, and then of the drill."""
    codes = [*codes, 0]
    times = [START + number * 1_000 for number in range(len(codes))]
    await link.emit(Up(START))
    await (await link.emit(reads(TAGS, times, codes, [3] * len(codes), [-60] * len(codes))))


def row(code: int, number: int, count: int = 1) -> Answer:
    """What is listed of a tag that was read in one row, or in several of which this is the first."""
    when = rfc3339(START + number * 1_000)
    return {
        "tag": TAGS.ids[code],
        "first": when,
        "last": when,
        "reads": count,
        "source": "inner",
        "antenna": 3,
    }


async def status(one: Daemon) -> Answer:
    """The status in total."""
    total: Answer = (await ask(one.configuration.journal))["total"]
    return total


def test_the_list_is_there_after_a_restart_until_a_tag_is_registered(tmp_path: Path) -> None:
    async def main() -> None:
        file = configure(tmp_path, "inbox")
        async with daemon(file, clock()) as one:
            await hear(one.links["inner"], [1, 2])
            journal = one.configuration.journal
            first = await ask(journal, "unknown")
            assert first == {
                "unknown": "inbox",
                "limit": 200_000,
                "total": 2,
                "evicted": 0,
                "tags": [row(2, 1), row(1, 0)],
            }
            assert (await ask(journal, "unknown", limit=1))["tags"] == [row(2, 1)]
            assert "limit 0 is no number" in (await ask(journal, "unknown", limit=0))["error"]
            assert "limit 'x' is no number" in (await ask(journal, "unknown", limit="x"))["error"]
            told = await status(one)
            assert (told["unknown_tags"], told["evicted"], told["reads"]) == (2, 0, 3)
            assert (told["filtered"], told["accepted"]) == (2, 1)
            assert (await ask(journal))["devices"]["inner"]["reads"]["unknown"] == 2
        async with daemon(file, clock()) as one:
            assert await ask(journal, "unknown") == first
        configure(tmp_path, "inbox", more=f'[[item]]\nid = "saw"\ntags = ["{TAGS.ids[1]}"]\n')
        async with daemon(file, clock()):
            assert (await ask(journal, "unknown"))["tags"] == [row(2, 1)]

    run(main())


@pytest.mark.parametrize("unknown", ["events", "inbox"])
def test_the_longest_unheard_make_room_and_are_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, unknown: str
) -> None:
    async def main() -> None:
        async with daemon(configure(tmp_path, unknown, 800), clock()) as one:
            codes = [1 + number % 1_000 for number in range(TURN - 1)]
            await hear(one.links["inner"], codes)
            times = [START + (TURN + number) * 1_000 for number in range(STEPS)]  # they go a few at a time
            await (await one.links["inner"].emit(reads(TAGS, times, [0] * STEPS, [3] * STEPS, [-60] * STEPS)))
            told = await status(one)
            assert (told["unknown_tags"], told["evicted"]) == (700, 300)
            assert told["reads"] == TURN + STEPS
            listed = await ask(one.configuration.journal, "unknown", limit=10_000)
            assert (listed["total"], listed["evicted"], listed["limit"]) == (700, 300, 800)
            newest = [row(code, at) for at, code in enumerate(codes)][:-701:-1]
            assert [tag["tag"] for tag in listed["tags"]] == (
                [tag["tag"] for tag in newest] if unknown == "inbox" else []
            )
            await asyncio.sleep(60)
            await (await one.links["inner"].emit(Alive(START + 100 * SECOND)))
            await asyncio.sleep(60)

    with caplog.at_level(logging.WARNING):
        run(main())
    (line,) = [record.message for record in caplog.records if "unknown tags" in record.message]
    assert line.startswith("more than 800 unknown tags (tags.limit)")


@pytest.mark.parametrize(
    ("unknown", "said"),
    [
        ("events", "unknown tags are followed like items"),
        ("count", "unknown tags are only counted"),
        ("inbox", "1 unknown tags, 1 shown; 0 made room"),
    ],
)
def test_the_command_lists_them(tmp_path: Path, unknown: str, said: str) -> None:
    async def main() -> None:
        async with daemon(configure(tmp_path, unknown), clock()) as one:
            file, journal = tmp_path / "waypost.toml", one.configuration.journal
            await hear(one.links["inner"], [1])
            exit_status, out, err = await waypost("status", "--unknown", "--config", file)
            assert exit_status == 0
            assert said in err
            assert (TAGS.ids[1] in out) is (unknown == "inbox")
            _, out, _ = await waypost("status", "--unknown", "--limit", "5", "--json", "--config", file)
            assert json.loads(out) == await ask(journal, "unknown")
            assert (await waypost("status", "--unknown", "--limit", "0", "--config", file))[0] == 2

    asyncio.run(main())


def test_a_daemon_that_is_not_ready_lists_nothing(tmp_path: Path) -> None:
    one = Daemon(load(configure(tmp_path, "inbox")), Notifier({}), clock())
    assert one.unknown(10) == {}
