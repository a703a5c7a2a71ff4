"""What becomes of rows that a destination refused: who knows of them, for how long, and what may happen in between."""

from pathlib import Path

import pytest

from gateway.quarantine import set_aside
from gateway.sinks.contract import Hole, Lost, Stream
from gateway.sinks.dispatch import Dispatch
from gateway.sinks.forwarder import Forwarder
from gateway.sinks.redress import Decision
from tests.faults.scenario import COMMITS, expected_events
from tests.fix_forwarding import Gateway, complete, condition
from tests.fix_journal import fill
from tests.fix_ledger import Account, Fate, Ledgered

IDS = expected_events(COMMITS)
EVENTS: tuple[Stream, ...] = ("events",)


def kept(gateway: Gateway) -> list[int]:
    """Numbers of the rows in quarantine."""
    return [place.seq for place, _ in gateway.journal.past.refusals("timescale")]


def test_rows_in_quarantine_are_told_after_a_restart_and_no_more_once_they_are_settled(
    tmp_path: Path,
) -> None:
    path, account = tmp_path / "waypost.db", Account()
    gateway = Gateway(path)
    fill(gateway.journal)
    gateway.send(
        Ledgered(account, EVENTS, poison=frozenset(IDS[1:3])),
        lambda: account.whats("events")[-1:] == IDS[-1:],
    )
    gateway.journal.close()
    gateway = Gateway(path)
    sink = Ledgered(account, EVENTS, poison=frozenset(IDS[2:3]))

    async def settle(forwarder: Forwarder) -> None:
        await condition(lambda: forwarder.health.even is not None)
        assert forwarder.health.quarantined.total() == 2
        assert (await forwarder.settle("retry")).left == 1
        await condition(lambda: forwarder.health.quarantined.total() == 1)
        await forwarder.settle("drop")
        await condition(lambda: forwarder.health.quarantined.total() == 0)

    gateway.send(sink, lambda: True, settle)
    gateway.journal.close()
    assert sorted(account.fates.values()) == ["dropped"]


class Unanswered(Ledgered):
    """It breaks off as it is to account for the first hole, and has no objection to any row after that."""

    broken = False

    async def account(self, hole: Hole) -> None:
        if not self.broken:
            self.broken, self.poison = True, frozenset()
            raise Lost("the connection broke off")
        await super().account(hole)


@pytest.mark.parametrize("keeps", [True, False])
def test_a_row_that_is_taken_after_all_is_not_in_quarantine(tmp_path: Path, keeps: bool) -> None:
    gateway, account = Gateway(tmp_path / "waypost.db"), Account()
    fill(gateway.journal)
    sink = Unanswered(account, EVENTS, poison=frozenset(IDS[2:3]), keeps=keeps)
    forwarder = gateway.send(sink, lambda: complete(account, streams=EVENTS))
    gateway.journal.commit(())
    assert kept(gateway) == []
    assert forwarder.health.quarantined.total() == 0
    gateway.journal.close()


@pytest.mark.parametrize("decision", ["retry", "drop"])
@pytest.mark.parametrize("call", range(6))
@pytest.mark.parametrize("fate", ["before", "after"])
def test_a_decision_during_which_the_connection_breaks_is_asked_for_again(
    tmp_path: Path, decision: Decision, call: int, fate: Fate
) -> None:
    gateway, account = Gateway(tmp_path / "waypost.db"), Account()
    fill(gateway.journal)
    fates: list[Fate] = []
    sink = Ledgered(account, EVENTS, lambda: fates.pop(0) if fates else None, poison=frozenset(IDS[1:4]))

    async def settle(forwarder: Forwarder) -> None:
        sink.poison = frozenset()
        fates.extend([None] * call)
        fates.append(fate)
        try:
            await forwarder.settle(decision)
        except Lost:
            await condition(lambda: forwarder.health.state == "up")
            await forwarder.settle(decision)
        await condition(lambda: forwarder.health.quarantined.total() == 0)

    gateway.send(sink, lambda: account.whats("events")[-1:] == IDS[-1:], settle)
    assert kept(gateway) == []
    gateway.journal.close()
    assert sorted(account.whats("events")) == sorted(IDS if decision == "retry" else set(IDS) - set(IDS[1:4]))
    assert list(account.fates.values()) == ([] if decision == "retry" else ["dropped"] * 3)


def settled(gateway: Gateway, sink: Ledgered, decision: Decision) -> list[int]:
    """What a daemon that is started leaves of the quarantine."""

    async def settle(forwarder: Forwarder) -> None:
        Dispatch([sink], gateway.origin(), lambda: {"events": 0})
        await condition(lambda: forwarder.health.even is not None)
        await forwarder.settle(decision)

    gateway.send(sink, lambda: True, settle)
    left = kept(gateway)
    gateway.journal.close()
    return left


def test_the_quarantine_of_a_journal_that_was_put_aside_is_taken_over_once(tmp_path: Path) -> None:
    path, account = tmp_path / "waypost.db", Account()
    gateway = Gateway(path)
    fill(gateway.journal)
    sink = Ledgered(account, EVENTS, poison=frozenset(IDS[1:3]))
    gateway.send(sink, lambda: account.whats("events")[-1:] == IDS[-1:])
    gateway.journal.close()
    set_aside(path)
    sink.poison = frozenset(IDS[2:3])
    assert settled(Gateway(path), sink, "retry") == [3]
    assert settled(Gateway(path), sink, "drop") == []
    assert sorted(account.whats("events")) == sorted(set(IDS) - {IDS[2]})


def test_the_remedy_names_the_sink(tmp_path: Path) -> None:
    gateway, account = Gateway(tmp_path / "waypost.db"), Account()
    fill(gateway.journal)
    sink = Ledgered(account, EVENTS, poison=frozenset(IDS[1:2]))
    sink.name = "mqtt"

    async def look(forwarder: Forwarder) -> None:
        dispatch = Dispatch([sink], gateway.origin(), lambda: {"events": 0})
        dispatch.forwarders["mqtt"] = forwarder
        await condition(lambda: forwarder.health.state == "up")
        assert dispatch.wrong() == ["mqtt has refused 1 rows: `waypost db quarantine --sink mqtt`"]

    gateway.send(sink, lambda: account.whats("events")[-1:] == IDS[-1:], look)
    gateway.journal.close()
