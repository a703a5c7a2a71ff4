"""What the next commit will hold."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.events import Event, Gap
from core.records import Alive, Fixes, Input
from gateway.contracts import Decided
from gateway.intake import Taken, size_of


@dataclass(slots=True)
class Told:
    """What several steps decided; `fresh` is of the last of them, since only reads are cut."""

    events: list[Event] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    fresh: NDArray[np.int64] | None = None

    def add(self, decided: Decided) -> None:
        """One step more."""
        self.events += decided.events
        self.gaps += decided.gaps
        self.fresh = decided.fresh


@dataclass(slots=True)
class Batch:
    """Inputs that were stepped and what they decided, not yet durable.

    A sign of life that decided nothing is held back, the newest of each source: it moved its source's frontier
    and nothing else, so the journal needs it only before the next input that does more. An idle site so
    writes next to nothing, and re-stepping the journal still goes through the same states.
    """

    inputs: list[Input] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    ticks: dict[str, Input] = field(default_factory=dict)
    receipts: "list[asyncio.Future[None]]" = field(default_factory=list)
    size: int = 0
    journalled: int = 0

    def add(self, input: Input, decided: Decided, parts: Sequence[Taken]) -> None:
        """One step of the pipeline; `parts` are the intake's pieces that it came from."""
        for part in parts:
            self.receipts.append(part.done)
            self.size += part.size
        if isinstance(input.body, Fixes) and not len(input.body):
            return  # all of them were delivered before
        if isinstance(input.body, Alive) and not decided.events and not decided.gaps:
            self.ticks.pop(input.source, None)  # so that they stay in the order of arrival
            self.ticks[input.source] = input
            return
        self.flush_ticks()
        self.inputs.append(input)
        self.journalled += size_of(input)
        self.events += decided.events
        self.gaps += decided.gaps

    def flush_ticks(self) -> None:
        """What was held back goes to the journal: something follows that depends on it."""
        self.inputs += self.ticks.values()
        self.ticks.clear()

    @property
    def decided(self) -> bool:
        """Is there something to tell?"""
        return bool(self.events or self.gaps)

    @property
    def news(self) -> bool:
        """Is there something that those who send rows on may wait for?"""
        return self.decided or any(isinstance(one.body, Fixes) for one in self.inputs)

    def resolve(self, error: BaseException | None = None) -> None:
        """Tell whoever waits that it is durable, or why it will not be."""
        for receipt in self.receipts:
            if receipt.done():
                continue
            if error is None:
                receipt.set_result(None)
            else:
                receipt.set_exception(error)
                receipt.exception()  # marks it as seen: most receipts are never awaited
