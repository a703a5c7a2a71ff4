"""A writer on a loop of virtual time, between a stand-in for the pipeline and one for the journal."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.events import Event, Gap
from core.inbox import Listed
from core.records import Alive, Body, Dictionary, Input, Reads, reads
from core.snapshot import IncompatibleSnapshot
from gateway.intake import Intake, Receipt
from gateway.journal import Opening
from gateway.writer import Writer
from tests.virtual_loop import run

TAGS = Dictionary(["E200"])


class Poison(Exception):
    """What the stand-in pipeline raises."""


@dataclass
class Steps:
    """What a step decided."""

    events: list[Event] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    fresh: NDArray[np.int64] | None = None


class Tally:
    """A stand-in for the pipeline: it counts reads per source, tells every tenth, and knows the frontiers.

    A negative time is poison; half of the step is done when it raises.
    """

    def __init__(self, state: Mapping[str, int] | None = None) -> None:
        self.state: dict[str, int] = dict(state or {})

    @property
    def counts(self) -> Mapping[str, Counter[str]]:
        return {}

    def step(self, input: Input) -> Steps:
        decided, body = Steps(), input.body
        if isinstance(body, Alive):
            self.state["frontier " + input.source] = body.time
            if body.time % 1000 == 999:
                decided.events.append(event(f"tick-{input.source}-{body.time}"))
        if isinstance(body, Reads):
            for time in body.time.tolist():
                n = self.state[input.source] = self.state.get(input.source, 0) + 1
                if time < 0:
                    raise Poison(str(time))
                late = "late" if time < self.state.get("frontier " + input.source, 0) else "in order"
                if n % 10 == 0:
                    decided.events.append(event(f"{input.source}-{n}-{late}"))
        return decided

    @property
    def unknown_tags(self) -> int:
        return 0

    def inbox(self, limit: int) -> Sequence[Listed]:
        return ()

    def adopt(self, events: Iterable[Event], now: int) -> Steps:
        raise NotImplementedError("not asked for here")

    def snapshot(self) -> bytes:
        return repr(sorted(self.state.items())).encode()


def event(id: str) -> Event:
    return Event(id, 0, 0, "passed", None, None, None)


class Tallies:
    """How tallies come to be."""

    def fresh(self) -> Tally:
        return Tally()

    def restore(self, data: bytes) -> Tally:
        if data == b"old":
            raise IncompatibleSnapshot("an old one")
        return Tally(dict(eval(data)))


class Memory:
    """A stand-in for the journal that keeps everything and fails when it is told to."""

    def __init__(self) -> None:
        self.rows: list[Input] = []
        self.events: list[Event] = []
        self.aside: list[Input] = []
        self.saved: tuple[int, bytes] | None = None
        self.commits: list[float] = []
        self.failures: list[Exception] = []
        self.reopened = 0
        self.overgrown = False
        self.tended = 0
        self.damaged = False
        self.time: Callable[[], float] = lambda: 0.0

    def commit(
        self,
        inputs: Sequence[Input],
        events: Sequence[Event],
        gaps: Sequence[Gap],
        snapshot: bytes | None = None,
    ) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.commits.append(self.time())
        self.rows += inputs
        self.events += events
        if snapshot is not None:
            self.saved = (len(self.rows), snapshot)

    def set_aside(self, input: Input, error: str) -> None:
        self.aside.append(input)

    def reopen(self) -> Opening:
        self.reopened += 1
        if self.damaged:
            self.rows, self.saved = [], None
        return Opening("replaced" if self.damaged else "continued")

    def tend(self) -> None:
        self.tended += 1
        self.overgrown = False

    def snapshot(self) -> tuple[int, bytes] | None:
        return self.saved

    def inputs(self, after: int) -> Iterable[tuple[int, Input]]:
        return [(seq, row) for seq, row in enumerate(self.rows, 1) if seq > after]


class Bench:
    """A writer on the running loop, with time and store in the test's hands."""

    def __init__(self, store: Memory, restorer: Tallies) -> None:
        self.intake = Intake()
        self.store = store
        self.progress = 0
        store.time = asyncio.get_running_loop().time
        self.thread = ThreadPoolExecutor(1)
        known = frozenset({"a", "b"})
        self.writer = Writer(self.intake, store, restorer, known, self.thread, self._progress)

    def _progress(self) -> None:
        self.progress += 1

    async def put(self, source: str, body: Body) -> Receipt:
        return await self.intake.put(Input(source, 0, body))

    async def seen(self, source: str, *times: int) -> Receipt:
        body = reads(TAGS, times, [0] * len(times), [1] * len(times), [-50.0] * len(times))
        return await self.put(source, body)


def play(
    script: Callable[[Bench], Awaitable[None]], store: Memory | None = None, restorer: Tallies | None = None
) -> Memory:
    """Run a script against a writer until both have ended."""
    store = Memory() if store is None else store

    async def main() -> None:
        bench = Bench(store, restorer or Tallies())
        with bench.thread:
            await bench.writer.recover()
            async with asyncio.TaskGroup() as group:
                group.create_task(bench.writer.run())
                await script(bench)
                bench.writer.stop()

    run(main())
    return store


def times(rows: Iterable[Input]) -> list[tuple[str, list[int]]]:
    return [(row.source, row.body.time.tolist()) for row in rows if isinstance(row.body, Reads)]
