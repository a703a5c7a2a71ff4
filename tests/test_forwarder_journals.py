"""What sinks are sent when the journal is replaced, damaged or renewed while they are at it."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from core.events import Event
from gateway.database import JournalDamaged
from gateway.journal import Journal
from gateway.quarantine import quarantined, set_aside
from gateway.sinks.contract import Batch
from gateway.sinks.dispatch import Dispatch
from gateway.sinks.forwarder import Forwarder
from tests.faults.scenario import COMMITS, expected_events
from tests.fix_forwarding import Gateway, complete, condition, damage
from tests.fix_journal import fill
from tests.fix_ledger import Account, Ledgered


def replace(journal: Journal) -> None:
    """It is found to be damaged while the daemon runs, and begins anew."""
    journal._shut()
    journal._put_aside(JournalDamaged("a page is not what it was"))
    journal.opening = journal._open()


def told(*numbers: int) -> list[Event]:
    """Some events with these ids."""
    return [Event(f"new-{number}", number, number, "arrived", None, None, None) for number in numbers]


class Interrupted(Ledgered):
    """Something happens while it writes for the first time."""

    meanwhile: Callable[[], None] | None = None

    async def write(self, batch: Batch) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        await super().write(batch)


@pytest.mark.parametrize("keeps", [True, False])
def test_a_cursor_on_a_journal_that_was_replaced_says_nothing_of_the_new_one(
    tmp_path: Path, keeps: bool
) -> None:
    gateway, account = Gateway(tmp_path / "waypost.db"), Account()
    fill(gateway.journal)
    sink = Interrupted(account, keeps=keeps)
    sink.meanwhile = lambda: replace(gateway.journal)

    async def more(forwarder: Forwarder) -> None:
        await condition(lambda: complete(account))
        gateway.journal.commit((), told(1, 2, 3), snapshot=b"state")
        forwarder.wake()
        await condition(lambda: account.whats("events")[-3:] == ["new-1", "new-2", "new-3"])
        assert gateway.notebook.cursor(sink.name, "events") == 3

    gateway.send(sink, lambda: bool(account.rows), more)
    gateway.journal.close()


def test_what_was_sent_of_a_journal_that_was_put_aside_is_not_sent_again_after_the_next(
    tmp_path: Path,
) -> None:
    gateway, account = Gateway(tmp_path / "waypost.db"), Account()
    fill(gateway.journal)
    replace(gateway.journal)
    gateway.journal.commit((), told(1), snapshot=b"state")
    sink = Ledgered(account, keeps=False)
    gateway.send(sink, lambda: gateway.notebook.cursors.get((sink.name, "events")) == 1)
    replace(gateway.journal)
    gateway.journal.commit((), told(2), snapshot=b"state")
    gateway.send(sink, lambda: account.whats("events")[-1:] == ["new-2"])
    gateway.journal.close()
    assert account.whats("events") == [*expected_events(COMMITS), "new-1", "new-2"]
    assert account.doubled == 0


def test_the_rows_that_a_new_epoch_leaves_behind_are_there_at_every_sink(tmp_path: Path) -> None:
    """One sink finds that the journal went back in time, another is behind it and keeps no account."""
    path, account, behind = tmp_path / "waypost.db", Account(), Account()
    gateway = Gateway(path)
    fill(gateway.journal, 5)
    gateway.send(Ledgered(account), lambda: complete(account, 5))
    gateway.notebook.advance("mqtt", "events", 1)
    gateway.notebook.advance("mqtt", "gaps", 0)
    gateway.journal.close()
    for line, position in account.last.items():
        account.last[line] = type(position)(position.last + 4, None)

    gateway = Gateway(path)
    gateway.send(Ledgered(account), lambda: bool(gateway.told))
    late = Ledgered(behind, keeps=False)
    late.name = "mqtt"
    gateway.send(late, lambda: behind.whats("events") == expected_events(5)[1:])
    gateway.journal.close()
    assert account.whats("events") == expected_events(5)


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE input SET reads = 0 WHERE number = (SELECT max(number) FROM input)",
        "INSERT INTO ledger VALUES (1, 'events', 1, 1, 'max_bytes', 0, 0)",
        "INSERT INTO meta VALUES ('redated', '[]', 0)",
        "INSERT INTO meta VALUES ('redated', '[', 0)",
        "INSERT INTO meta VALUES ('before', '{', 0)",
        "INSERT INTO cursor VALUES ('timescale', 'events', 99, 0)",
        "UPDATE event SET kind = 'passed' WHERE seq = 3",
    ],
)
def test_whatever_of_a_journal_is_damaged_the_rest_is_sent(tmp_path: Path, harm: str) -> None:
    path, account = tmp_path / "waypost.db", Account()
    broken = Gateway(path)
    fill(broken.journal)
    broken.journal.close()
    damage(path, harm)
    set_aside(path)
    gateway = Gateway(path)
    gateway.journal.commit((), told(1))
    gateway.send(Ledgered(account), lambda: account.whats("events")[-1:] == ["new-1"])
    gateway.journal.close()
    lost = {number for (line, number), fate in account.fates.items() if line.stream == "events"}
    ids = [id for number, id in enumerate(expected_events(COMMITS), 1) if number not in lost]
    assert account.whats("events") == [*ids, "new-1"]
    assert len(lost) <= 1
    assert account.doubled == 0


@pytest.mark.parametrize(
    "harm",
    [
        "INSERT INTO ledger VALUES (1, 'events', 1, 1, 'max_bytes', 0, 0)",
        "INSERT INTO meta VALUES ('redated', '[]', 0)",
    ],
)
def test_damage_beside_the_rows_does_not_stop_the_journal_in_use_from_being_sent(
    tmp_path: Path, harm: str
) -> None:
    gateway, account = Gateway(tmp_path / "waypost.db"), Account()
    fill(gateway.journal)
    damage(gateway.journal.path, harm)
    damage(gateway.journal.path, "DELETE FROM event WHERE seq = 2")
    ids = expected_events(COMMITS)
    gateway.send(Ledgered(account), lambda: account.whats("events") == [ids[0], *ids[2:]])
    gateway.journal.close()
    assert [fate for (line, _), fate in account.fates.items() if line.stream == "events"] == ["unreadable"]


def test_a_journal_of_which_nothing_can_be_read_is_told_once_and_the_next_is_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, account = tmp_path / "waypost.db", Account()
    path.write_bytes(b"no database" * 1000)
    set_aside(path)
    gateway = Gateway(path)
    fill(gateway.journal)
    fates = iter(["before"] * 3)
    sink = Ledgered(account, fault=lambda: next(fates, None))  # type: ignore[arg-type]
    with caplog.at_level(logging.WARNING):
        gateway.send(sink, lambda: complete(account))
    gateway.journal.close()
    (place,) = quarantined(path)
    assert [str(place) in one.message for one in caplog.records if "quarantine-1" in one.message] == [True]


def test_a_sink_is_registered_when_the_daemon_starts(tmp_path: Path) -> None:
    """What is decided before its destination is reached for the first time waits for it."""
    gateway, account = Gateway(tmp_path / "waypost.db"), Account()
    fill(gateway.journal, 5)
    late = Ledgered(account, keeps=False, begins="now")
    first = Ledgered(account)
    first.name = "first"
    head = {"events": len(expected_events(5)), "gaps": 1, "reads": 0}

    async def start() -> None:
        Dispatch([late, first], gateway.origin(), lambda: head)

    asyncio.run(start())
    fill(gateway.journal, 8, 6)
    gateway.send(late, lambda: account.whats("events") == expected_events(8)[len(expected_events(5)) :])
    assert gateway.notebook.cursor("first", "events") == 0
    gateway.journal.close()


def test_rows_are_behind_that_a_journal_put_aside_still_has(tmp_path: Path) -> None:
    """Also while the destination is away, and whatever the numbers of the journal before were."""
    gateway, account = Gateway(tmp_path / "waypost.db"), Account()
    fill(gateway.journal)
    sink = Ledgered(account)

    async def away(forwarder: Forwarder) -> None:
        assert forwarder.json(heads(gateway))["lag_rows"] == 0
        replace(gateway.journal)
        gateway.journal.commit((), told(1, 2), snapshot=b"state")
        assert forwarder.json(heads(gateway))["lag_rows"] == 2
        forwarder.wake()
        await condition(lambda: forwarder.json(heads(gateway))["lag_rows"] == 0)
        assert account.whats("events")[-2:] == ["new-1", "new-2"]

    gateway.send(sink, lambda: complete(account), away)
    gateway.journal.close()


def heads(gateway: Gateway) -> dict[str, int]:
    """The newest numbers of the journal."""
    head = gateway.journal.head
    return {"events": head.events, "gaps": head.gaps, "reads": head.reads}
