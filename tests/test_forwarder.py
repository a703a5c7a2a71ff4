"""What a sink is sent: everything, in order, once where the destination keeps an account, whatever breaks when."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import Input, Shift
from gateway.journal import Journal
from gateway.quarantine import set_aside
from gateway.retention import DAY, Limits
from gateway.sinks.contract import Lost, Refused, Stream
from gateway.sinks.feed import ROWS
from gateway.sinks.forwarder import REFUSED, Forwarder
from gateway.sinks.passage import TEND
from gateway.sinks.refusing import IN_A_ROW
from tests.faults.scenario import COMMITS, SITE, START, events, expected_events, gaps, inputs
from tests.fix_forwarding import Gateway, complete, condition, damage, expected_gaps, expected_reads, now
from tests.fix_journal import fill
from tests.fix_ledger import Account, Fate, Fault, Ledgered
from tests.virtual_loop import run

ALL: tuple[Stream, ...] = ("events", "gaps", "reads")


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """With the known journal."""
    found = Gateway(tmp_path / "waypost.db")
    fill(found.journal)
    yield found
    found.journal.close()


def test_everything_comes_once_and_in_order_and_then_what_is_new(gateway: Gateway) -> None:
    account = Account()

    async def more(forwarder: Forwarder) -> None:
        fill(gateway.journal, COMMITS + 12, COMMITS + 1)
        forwarder.wake()
        await condition(lambda: complete(account, COMMITS + 12, ALL))

    sink = Ledgered(account, ALL)
    forwarder = gateway.send(sink, lambda: complete(account, streams=ALL), more)
    assert sink.largest == ROWS
    assert forwarder.lag({"events": 1_000, "gaps": 0, "reads": 0}) == 1_000 - len(account.whats("events"))
    assert (account.doubled, dict(account.fates)) == (0, {})
    assert {row[1] for row in account.rows} == {gateway.journal.epoch}


def chances(fates: list[Fate]) -> Fault:
    """What becomes of each call, and nothing bad of those that come after them."""
    left = iter(fates)
    return lambda: next(left, None)


@given(st.lists(st.sampled_from((None, None, "before", "after")), max_size=60), st.booleans())
@settings(max_examples=25, deadline=None)
def test_whatever_breaks_when_nothing_is_lost_and_nothing_doubled(fates: list[Fate], keeps: bool) -> None:
    with TemporaryDirectory() as folder:
        gateway = Gateway(Path(folder) / "waypost.db")
        fill(gateway.journal)
        account = Account()
        whole = set(expected_events(COMMITS)), set(expected_gaps(COMMITS))
        sink = Ledgered(account, fault=chances(fates), keeps=keeps)
        gateway.send(sink, lambda: (set(account.whats("events")), set(account.whats("gaps"))) == whole)
        gateway.journal.close()
    assert account.whats("events") == expected_events(COMMITS)
    if keeps:
        assert complete(account)
        assert account.doubled == 0


@given(st.sets(st.sampled_from(expected_events(COMMITS))), st.lists(st.booleans(), max_size=20))
@settings(max_examples=20, deadline=None)
def test_a_refused_row_is_set_aside_and_its_neighbours_go_through(poison: set[str], cuts: list[bool]) -> None:
    with TemporaryDirectory() as folder:
        gateway = Gateway(Path(folder) / "waypost.db")
        fill(gateway.journal)
        account = Account()
        sink = Ledgered(
            account, fault=chances([None if one else "after" for one in cuts]), poison=frozenset(poison)
        )
        line_end = len(expected_events(COMMITS))
        gateway.send(sink, lambda: any(at.last == line_end for at in account.last.values()))
        aside = {place.seq: refusal for place, refusal in gateway.journal.past.refusals("timescale")}
        gateway.journal.close()
    ids = dict(enumerate(expected_events(COMMITS), 1))
    assert account.whats("events") == [id for id in ids.values() if id not in poison]
    assert {ids[number] for number in aside} == poison
    assert {ids[number] for (line, number), fate in account.fates.items() if fate == "quarantined"} == poison
    assert all(refusal.reason == "one of 1 is not to its liking" for refusal in aside.values())


def test_rows_in_quarantine_are_tried_again_or_dropped(gateway: Gateway) -> None:
    account, ids = Account(), expected_events(COMMITS)
    sink = Ledgered(
        account, ALL, poison=frozenset([ids[0], ids[3], expected_gaps(COMMITS)[0], "door1 1760000001000000"])
    )

    async def decide(forwarder: Forwarder) -> None:
        assert forwarder.health.quarantined.total() == 4
        sink.poison = frozenset([ids[3]])
        retried = await forwarder.settle("retry")
        assert (retried.settled, retried.left) == (3, 1)
        assert sorted(account.whats("events")) == sorted(set(ids) - {ids[3]})
        assert (await forwarder.settle("drop")).settled == 1
        assert (await forwarder.settle("drop")).settled == 0

    gateway.send(sink, lambda: len(account.whats("reads")) == len(expected_reads(COMMITS)) - 1, decide)
    assert sorted(account.whats("reads")) == sorted(expected_reads(COMMITS))
    assert list(account.fates.values()) == ["dropped"]
    assert not list(gateway.journal.past.refusals())


def test_nothing_is_decided_while_the_destination_is_away(gateway: Gateway) -> None:
    async def ask() -> None:
        with pytest.raises(Lost, match="timescale is connecting"):
            await Forwarder(Ledgered(Account()), gateway.origin()).settle("drop")

    run(ask())


class Choosy(Ledgered):
    """It needs an operator for its first three connections."""

    tries = 0

    async def open(self) -> None:
        self.tries += 1
        if self.tries <= 3:
            raise Refused("there is no database waypost; make it")


def test_what_needs_an_operator_is_told_once_and_tried_again_each_minute(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    account, took = Account(), []

    async def clock(forwarder: Forwarder) -> None:
        took.append(now() / 1e6)

    gateway.send(Choosy(account), lambda: complete(account), clock)
    assert 3 * REFUSED <= took[0] < 3 * REFUSED + 1
    assert [
        one.message for one in caplog.records if "operator" in one.message or "make it" in one.message
    ] == ["timescale is refused: there is no database waypost; make it"]


class Faulty(Ledgered):
    """It has a fault of its own at first."""

    tries = 0

    async def open(self) -> None:
        self.tries += 1
        if self.tries == 1:
            raise ZeroDivisionError("of ours")


def test_a_fault_of_ours_is_told_with_its_traceback_and_tried_again(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    account = Account()
    forwarder = gateway.send(Faulty(account), lambda: complete(account))
    assert forwarder.health.faults == 1
    assert [one.exc_info is not None for one in caplog.records if "of ours" in one.message] == [True]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_destination_that_refuses_everything_is_not_the_rows_fault(tmp_path: Path, keeps: bool) -> None:
    gateway = Gateway(tmp_path / "waypost.db")
    fill(gateway.journal, 300)
    account, ids = Account(), expected_events(300)
    sink = Ledgered(account, ("events",), poison=frozenset(ids[: IN_A_ROW + 20]), keeps=keeps)
    refused: list[str | None] = []

    def over() -> bool:
        return account.whats("events") == ids[IN_A_ROW + 20 :]

    async def script(forwarder: Forwarder) -> None:
        await condition(lambda: forwarder.health.state == "refused")
        refused.append(forwarder.health.error)
        await condition(over)

    gateway.send(sink, lambda: len(account.fates) == IN_A_ROW, script)
    gateway.journal.close()
    assert refused[0] is not None
    assert f"refused {IN_A_ROW} rows one after the other" in refused[0]


def test_what_was_deleted_before_it_was_sent_stands_in_the_account(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "waypost.db", Limits(retention_days=0.0001))
    for k in range(1, 90):
        gateway.journal.commit(
            [replace(one, arrival=START + k * DAY) for one in inputs(k)[:2]],
            events(k),
            gaps(k),
            b"state",
        )
    first = next(gateway.journal.past.events())[0]
    assert first > 1
    account = Account()
    gateway.send(
        Ledgered(account, ("events",)), lambda: account.whats("events") == expected_events(89)[first - 1 :]
    )
    gateway.journal.close()
    assert {number: fate for (_, number), fate in account.fates.items()} == dict.fromkeys(
        range(1, first), "dropped"
    )


def test_a_destination_is_tended_until_nothing_is_left_and_then_now_and_then(gateway: Gateway) -> None:
    account = Account()
    sink = Ledgered(account)

    async def wait(forwarder: Forwarder) -> None:
        await condition(lambda: sink.tended == 3)
        began = now()
        await condition(lambda: sink.tended == 4)
        assert (now() - began) / 1e6 > TEND - 1

    gateway.send(sink, lambda: complete(account), wait)


def test_a_sink_that_begins_now_is_sent_what_comes_from_now_on(gateway: Gateway) -> None:
    account = Account()

    async def more(forwarder: Forwarder) -> None:
        await condition(lambda: forwarder.health.even is not None)
        fill(gateway.journal, COMMITS + 6, COMMITS + 1)
        forwarder.wake()
        wanted = expected_events(COMMITS + 6)[len(expected_events(COMMITS)) :]
        await condition(lambda: account.whats("events") == wanted)

    gateway.send(Ledgered(account, keeps=False, begins="now"), lambda: True, more)
    assert gateway.notebook.cursor("timescale", "events") == len(expected_events(COMMITS + 6))


def test_what_a_damaged_journal_still_has_is_sent_first_under_its_own_epoch(tmp_path: Path) -> None:
    path = tmp_path / "waypost.db"
    broken = Gateway(path)
    fill(broken.journal)
    broken.journal.close()
    damage(path, "UPDATE event SET kind = 'passed' WHERE seq = 3")
    set_aside(path)
    gateway, account = Gateway(path), Account()
    gateway.journal.commit(inputs(9), [events(11)[0]])
    ids = expected_events(COMMITS)
    gateway.send(Ledgered(account), lambda: len(account.whats("events")) == len(ids))
    gateway.journal.close()
    assert account.whats("events") == [*ids[:2], *ids[3:], "11-0"]
    assert [row[1] for row in account.rows if row[0] == "events"] == [
        *[broken.journal.epoch] * (len(ids) - 1),
        gateway.journal.epoch,
    ]
    assert [(number, fate) for (_, number), fate in account.fates.items()] == [(3, "unreadable")]


def test_a_row_that_is_damaged_where_it_stands_is_accounted_for(gateway: Gateway) -> None:
    damage(gateway.journal.path, "UPDATE event SET kind = 'passed' WHERE seq = 2")
    account, ids = Account(), expected_events(COMMITS)
    gateway.send(Ledgered(account), lambda: account.whats("events") == [ids[0], *ids[2:]])
    assert list(account.fates.values()) == ["unreadable"]


@pytest.mark.parametrize("grown", [0, 20])
def test_a_journal_that_went_back_in_time_goes_on_under_another_epoch(tmp_path: Path, grown: int) -> None:
    path, account = tmp_path / "waypost.db", Account()
    gateway = Gateway(path)
    fill(gateway.journal, 5)
    gateway.send(Ledgered(account), lambda: complete(account, 5))
    gateway.journal.close()
    shutil.copy(path, tmp_path / "copy.db")
    gateway = Gateway(path)
    fill(gateway.journal, 12, 6)
    gateway.send(Ledgered(account), lambda: complete(account, 12))
    gateway.journal.close()
    shutil.copy(tmp_path / "copy.db", path)

    gateway = Gateway(path)
    first = gateway.journal.epoch
    for k in range(100, 101 + grown):
        gateway.journal.commit(inputs(k), events(k + 1))
    new = [event.id for k in range(100, 101 + grown) for event in events(k + 1)]
    whole = expected_events(12) + new
    gateway.send(Ledgered(account), lambda: account.whats("events") == whole)
    assert len(gateway.told) == 1
    assert gateway.journal.epoch != first
    gateway.journal.close()
    numbers = [row[2] for row in account.rows if row[1] == gateway.journal.epoch]
    assert numbers == list(range(1, len(new) + 1))
    assert account.doubled == 0

    gateway = Gateway(path)
    fill(gateway.journal, 14, 13)
    gateway.send(Ledgered(account), lambda: account.whats("events") == whole + expected_events(14)[12:])
    gateway.journal.close()
    assert gateway.told == []


def test_a_journal_that_is_replaced_while_it_is_sent_is_finished_first(tmp_path: Path) -> None:
    path, account = tmp_path / "waypost.db", Account()
    gateway = Gateway(path)
    fill(gateway.journal, 5)

    async def begin_anew(forwarder: Forwarder) -> None:
        gateway.journal.commit(inputs(6), [events(8)[0]])
        gateway.journal.close()
        set_aside(path)
        gateway.journal = Journal.open(path, SITE)
        gateway.journal.commit(inputs(7), [events(8)[1]])
        forwarder.wake()
        await condition(lambda: account.whats("events") == [*expected_events(5), "8-0", "8-1"])

    gateway.send(Ledgered(account), lambda: complete(account, 5), begin_anew)
    gateway.journal.close()
    assert len({row[1] for row in account.rows}) == 2
    assert account.fates == {}


def test_rows_wait_until_the_clock_is_right_and_have_the_times_that_it_gives(tmp_path: Path) -> None:
    """What was decided before is dated later by the step; what was there at the start, and what came after, is not."""
    gateway = Gateway(tmp_path / "waypost.db")
    fill(gateway.journal, 5)
    gateway.journal.close()
    gateway = Gateway(tmp_path / "waypost.db")
    fill(gateway.journal, 10, 6)
    gateway.right.clear()
    account, step = Account(), 3_600_000_000

    async def synchronise(forwarder: Forwarder) -> None:
        assert account.rows == []
        gateway.journal.commit([Input("door1", START, Shift(START, step))])
        fill(gateway.journal, 15, 11)
        gateway.right.set()
        await condition(lambda: complete(account, 15))
        assert forwarder.health.state == "up"

    gateway.send(Ledgered(account), gateway.holding, synchronise)
    gateway.journal.close()
    wanted = {}
    for k in range(1, 16):
        for event in events(k):
            by = step if 6 <= k <= 10 else 0
            wanted[event.id] = (event.time + by, event.detected + by)
        for gap in gaps(k):
            by = step if 6 <= k <= 10 else 0
            wanted[gap.reason] = (gap.since + by, gap.to + by)
    assert account.times == wanted
