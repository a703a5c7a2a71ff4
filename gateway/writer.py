"""The one writer: steps the pipeline and makes inputs and outputs durable together, by group commit.

Pace. A cycle takes what has gathered; cycles start at least 20 ms apart unless a megabyte waits, so an idle
gateway answers at once and a busy one steps and commits for many at a time. A cycle ends with a commit when a
receipt is awaited or something was decided, when a few pages' worth is uncommitted, or a second after the oldest
uncommitted input. What only says "I am alive" is written once a minute.

Faults. If the pipeline raises, its state is half-stepped and worth nothing: what was stepped before is
committed, the state is rebuilt from the journal in this process, as at a start, and the input is tried once
more, piece by piece. The piece that fails again is set aside with its bytes and acknowledged. The alternative,
ending the process and finding the culprit at the next start, would lose what the devices have handed over.
What an I/O error means is in journal_thread.py: the same batch is committed again until it is there.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace

from core.records import Fixes, Input, Reads, Scan, Shift
from gateway import interpreter
from gateway.batch import Batch, Told
from gateway.contracts import Decided, Decider, News, Past, Restorer, Store
from gateway.freed import give_back
from gateway.intake import Intake, Taken
from gateway.journal_thread import JournalThread
from gateway.journal_thread import Stopped as Stopped
from gateway.merging import Merged, cut, merge
from gateway.recovery import Recovered, recover
from gateway.signs import Sign, advance, pack
from gateway.stride import Stride

log = logging.getLogger(__name__)

PACE = 0.02
"""Seconds between the starts of two cycles, unless a megabyte waits."""
AGE = 1.0
"""Seconds after which an input is committed, whatever it is."""
HEARTBEAT = 60.0
"""Seconds after which signs of life are committed although nothing depends on them."""
ENOUGH = 6 << 10
"""Uncommitted bytes that are committed at once as well, at the pace of the cycles: about 200 reads.

A commit writes some 7 kB however little it holds, so waiting for more would spare the card little; and at the rate
that a busy site has, a read is so durable within a tenth of a second. A tag parked at a door stays far below it."""
EVENTS = 2_000
"""Decided events that are committed at once: a site that sees thousands of tags for the first time need not hold
all of them, and the rows that they become, in memory together."""
SNAPSHOT_BYTES = 128 << 20
"""Input (as columns in memory) after which a snapshot is taken: what a restart re-steps at most."""
SNAPSHOT_SHARE = 16
"""And it takes this many times the size of the last snapshot, so that a large state is not written all the time."""


class StateLost(Exception):
    """The journal was damaged while the state was being rebuilt from it.

    The process has to end: a start makes the state from what is left of the damaged journal, and tells the gap.
    """


class Writer:
    """Owns the pipeline and the journal's thread; `run` ends after `stop`, with everything durable.

    known     the configured sources: the journal's inputs of others are history, not state
    thread    where the store lives: an executor of one thread
    progress  called after every cycle, also after one that failed with a clear error: feeds the watchdog
    idle      seconds after which an idle writer still makes a cycle
    """

    def __init__(
        self,
        intake: Intake,
        store: Store,
        restorer: Restorer,
        known: frozenset[str],
        thread: Executor,
        progress: Callable[[], None] = lambda: None,
        idle: float = 15.0,
    ) -> None:
        self.intake = intake
        self.events = 0
        self.gaps = 0
        self.set_aside = 0
        self.reads_aside: Counter[str] = Counter()
        self.listeners: list[Callable[[News], None]] = []
        self._store = store
        self._restorer = restorer
        self._known = known
        self._progress = progress
        self._idle = idle
        self._stride = Stride()
        self._batch = Batch()
        self._since_snapshot = 0
        self._snapshot_size = 0
        self._cycle = -PACE
        self._oldest: float | None = None
        self._heartbeat = 0.0
        self._sound = True
        self._saving: bytes | None = None
        self._journal = JournalThread(store, thread, progress, self._begins_anew)
        self._state: Recovered | None = None
        self._before: dict[str, Counter[str]] = {}
        self._noted: list[asyncio.Future[None]] = []

    @property
    def trouble(self) -> str | None:
        """Why the journal cannot be written; None while it can."""
        return self._journal.trouble

    @property
    def io_errors(self) -> int:
        """Failed attempts to write since the daemon's start."""
        return self._journal.io_errors

    @property
    def pipeline(self) -> Decider:
        """The pipeline as of the last step."""
        return self._recovered.pipeline

    @property
    def counts(self) -> dict[str, Counter[str]]:
        """What became of the reads since the daemon's start, by source; the pipeline's own counts go back further."""
        return {
            source: Counter(counts) - self._before.get(source, Counter())
            for source, counts in self.pipeline.counts.items()
        }

    @property
    def signs(self) -> dict[str, Sign]:
        """The last sign of life of every source that ever spoke."""
        return self._recovered.signs

    @property
    def _recovered(self) -> Recovered:
        if self._state is None:
            raise RuntimeError("the writer has not recovered its state yet: await recover() first")
        return self._state

    async def recover(self, past: Past | None = None) -> Recovered:
        """Rebuild the state from the journal; to be awaited once before `run`.

        past  what is left of the journal when it was damaged: the new one begins with a snapshot of that state
        """
        source = self._store if past is None else past
        first = self._state is None
        self._state = await self._journal.once(lambda: recover(source, self._restorer, self._known))
        interpreter.settle_anew()
        give_back()
        if first:
            self._before = {source: Counter(counts) for source, counts in self.pipeline.counts.items()}
        self._sound = True
        if past is not None:
            await self._commit(self._snapshot())
        return self._state

    async def begin(self, adopted: Decided | None = None) -> None:
        """Make a snapshot of the recovered state durable, with what its adoption decided: the next start begins here."""
        if adopted is not None:
            self._batch.events += adopted.events
            self._batch.gaps += adopted.gaps
        await self._commit(self._snapshot())

    async def save_notes(self) -> None:
        """Returns when what stands in the journal's notebook is durable: a commit of its own, if need be."""
        noted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._noted.append(noted)
        self.intake.gathered.set()
        await noted

    def stop(self) -> None:
        """Take no notice of the pace any more, make everything durable and end."""
        self._journal.stopping = True
        self.intake.gathered.set()
        self.intake.has_plenty.set()

    async def run(self) -> None:
        """Until `stop`. Any exception from here is a bug, or a journal that cannot be worked with: end the process."""
        try:
            while not (self._journal.stopping and not self.intake.waiting):
                await self._gather()
                for merged in merge(self.intake.take()):
                    if isinstance(
                        merged.input.body, Shift
                    ):  # a fence between what was dated before and after
                        await self._commit(None)
                    await self._step(merged)
                    if len(self._batch.events) >= EVENTS:
                        await self._commit(None)
                if self._due() or self._noted:
                    await self._commit(self._snapshot() if self._grown() else None)
                self._progress()
            await self._commit(self._snapshot())
        finally:
            for noted in self._noted:
                noted.cancel("the writer has ended")
            for one in self.intake.close():
                self._batch.receipts.append(one.done)
            self._batch.resolve(Stopped("the daemon stopped before this was durable"))

    async def _gather(self) -> None:
        now = _now()
        await _wait(self.intake.gathered, self._deadline() - now)
        pause = self._cycle + PACE - _now()
        if pause > 0:
            await _wait(self.intake.has_plenty, pause)
        self._cycle = _now()

    def _deadline(self) -> float:
        """When there is something to do although nothing comes in."""
        times = [_now() + self._idle]
        if self._oldest is not None:
            times.append(self._oldest + AGE)
        if self._batch.ticks:
            times.append(self._heartbeat + HEARTBEAT)
        return min(times)

    def _due(self) -> bool:
        batch, now = self._batch, _now()
        if batch.ticks and now >= self._heartbeat + HEARTBEAT:
            batch.flush_ticks()
            self._oldest = now - AGE
        if self.intake.wanted and not batch.inputs:
            batch.flush_ticks()
        if not batch.inputs:
            if batch.ticks or not batch.receipts:
                self.intake.committed()
            else:  # everything in it was delivered before, and is durable
                self._batch = Batch()
                self._told(batch)
            return False
        if self._oldest is None:
            self._oldest = now
        return batch.decided or self.intake.wanted or batch.journalled >= ENOUGH or now >= self._oldest + AGE

    async def _step(self, merged: Merged) -> None:
        try:
            decided = await self._decide(merged.input)
        except Exception as error:
            log.exception("the pipeline failed on an input of %s", merged.input.source)
            await self._step_again(merged, error)
            return
        self._note(merged, decided)

    async def _decide(self, input: Input) -> Decided:
        """Step the pipeline; where that takes long, the devices get their turn in between."""
        told = Told()
        rest: Input | None = input
        while rest is not None:
            part, rest = cut(rest, self._stride.rows)
            began = _now()
            told.add(self.pipeline.step(part))
            if isinstance(part.body, Reads):
                self._stride.took(len(part.body), _now() - began)
            if rest is not None:
                for _ in range(3):  # the loop learns what has come, wakes whoever waits for it, and they act
                    await asyncio.sleep(0)
        return told

    def _note(self, merged: Merged, decided: Decided) -> None:
        self._batch.add(_kept(merged.input, decided), decided, merged.parts)
        advance(self.signs, merged.input)

    async def _step_again(self, merged: Merged, error: Exception) -> None:
        self._sound = False  # the pipeline is half-stepped: no snapshot of it may be taken
        await self._commit(None)
        await self.recover()
        await self._commit(self._snapshot())  # so that the next rebuild is short
        for part in merged.parts:
            try:
                decided = self.pipeline.step(part.input)
            except Exception as again:
                self._sound = False
                await self._set_aside(part, again)
                continue
            self._note(Merged(part.input, (part,)), decided)
            await self._commit(None)
        log.error("the state was rebuilt after %s: %s", type(error).__name__, error)

    async def _set_aside(self, part: Taken, error: Exception) -> None:
        reason = f"{type(error).__name__}: {error}"
        await self._journal.until_done(lambda: self._store.set_aside(part.input, reason))
        self.set_aside += 1
        if isinstance(part.input.body, Scan):
            self.reads_aside[part.input.source] += 1
        elif isinstance(part.input.body, Reads):
            self.reads_aside[part.input.source] += len(part.input.body)
        self._batch.receipts.append(part.done)
        self._batch.size += part.size
        log.error(
            "an input of %s was set aside: the pipeline failed on it twice: %s", part.input.source, reason
        )
        await self.recover()

    def _grown(self) -> bool:
        wanted = max(SNAPSHOT_BYTES, SNAPSHOT_SHARE * self._snapshot_size)
        return self._since_snapshot + self._batch.journalled >= wanted

    def _snapshot(self) -> bytes:
        made = pack(self.signs, self.pipeline.snapshot())
        self._snapshot_size = len(made)
        return made

    async def _commit(self, snapshot: bytes | None) -> None:
        batch = self._batch
        batch.flush_ticks()  # their receipts resolve with this commit
        self._saving = snapshot
        noted, self._noted = self._noted, []
        if batch.inputs or snapshot is not None or noted:
            await self._journal.until_done(
                lambda: self._store.commit(batch.inputs, batch.events, batch.gaps, self._saving)
            )
            self._heartbeat = _now()
        self._since_snapshot = 0 if self._saving is not None else self._since_snapshot + batch.journalled
        self._batch = Batch()
        self._oldest = None
        for one in noted:
            if not one.done():
                one.set_result(None)
        self._told(batch)
        if self._store.overgrown:  # the way to the thread and back costs more than most commits
            await self._journal.until_done(self._store.tend)

    def _told(self, batch: Batch) -> None:
        batch.resolve()
        self.intake.committed()
        self.intake.release(batch.size)
        self.events += len(batch.events)
        self.gaps += len(batch.gaps)
        if batch.news:
            for listener in self.listeners:
                listener(batch)

    def _begins_anew(self, reason: str) -> None:
        if not self._sound:  # nothing may be written: that nothing was is how the next start knows
            raise StateLost(f"the state cannot be rebuilt from a journal that is damaged: {reason}")
        self._saving = self._snapshot()


def _kept(input: Input, decided: Decided) -> Input:
    """What of an input the journal need keep."""
    if decided.fresh is None or not isinstance(input.body, Fixes):
        return input
    return replace(input, body=input.body.pick(decided.fresh))


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    if event.is_set():
        return
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
