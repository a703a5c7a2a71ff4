"""One sink's way through the journal: order, batching, retries, quarantine and progress, the same for every sink.

Each sink has a forwarder, and each forwarder a thread and a connection of its own to read the journal with: one that
is slow or dead holds up neither the intake nor another sink, and its memory is two batches, whatever waits.

Once. Where a destination keeps an account of the numbers that it has (`Sink.position`), that account is the cursor
and the journal's own only tells retention what may be deleted: an answer that was lost, a power cut, a restored
journal cannot make the two disagree about what is there. Where it keeps none, the journal's cursor is the truth as of
its last commit, and what came after that is sent again, with the same ids.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from gateway.backoff import STEADY, delays
from gateway.database import JournalError
from gateway.sinks.contract import Lost, Refused, Sink
from gateway.sinks.health import Health, State
from gateway.sinks.origin import Origin
from gateway.sinks.passage import Passage
from gateway.sinks.redress import Decision, Settled

log = logging.getLogger(__name__)

REFUSED = 60.0
"""Seconds after which a sink that needs an operator is tried again."""

Sleep = Callable[[float], Awaitable[object]]


class Forwarder:
    """Keeps one sink fed for as long as the daemon runs."""

    def __init__(self, sink: Sink, origin: Origin, sleep: Sleep = asyncio.sleep) -> None:
        self.sink = sink
        self.health = Health(origin.now())
        self._origin = origin
        self._sleep = sleep
        self._chance = random.Random(sink.name)
        self._thread = ThreadPoolExecutor(1, sink.name)
        self._passage = Passage(sink, origin, self.health, self._thread)

    def wake(self, _: object = None) -> None:
        """The journal has something new, perhaps."""
        self._passage.wake()

    def json(self, heads: Mapping[str, int]) -> dict[str, object]:
        """For `waypost status`; `heads` are the journal's newest numbers, by stream."""
        return self.health.json(self.lag(heads), self._origin.now())

    def lag(self, heads: Mapping[str, int]) -> int:
        """Rows that the destination does not have yet, as far as the journal knows."""
        known = self._origin.notebook.cursors
        waiting = (heads[stream] - known.get((self.sink.name, stream), 0) for stream in self.sink.streams)
        return sum(max(rows, 0) for rows in waiting) + self.health.aside.total()

    async def settle(self, decision: Decision) -> Settled:
        """Try the rows in quarantine again, or drop them. Raises Lost when the destination is not there."""
        if self.health.state != "up":
            raise Lost(
                f"{self.sink.name} is {self.health.state}: {self.health.error or 'it has not answered yet'}; try again when it is up"
            )
        deciding = asyncio.ensure_future(self._passage.redress.decide(decision))
        await asyncio.sleep(0)
        self.wake()
        return await deciding

    async def run(self) -> None:
        """Until it is cancelled."""
        waits = delays(self._chance)
        try:
            while True:
                began = self._origin.now()
                pause = await self._attempt()
                if self._origin.now() - began >= STEADY * 1e6:
                    waits = delays(self._chance)
                await self._sleep(next(waits) if pause is None else pause)
        finally:
            self.health.turn("stopped", self._origin.now())
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def _attempt(self) -> float | None:
        """One connection, to its end; returns the seconds to wait, None for the usual back-off."""
        try:
            await self.sink.open()
            self._turn("up")
            await self._passage.follow()
        except Lost as error:
            self._turn("lost", str(error))
        except Refused as error:
            self._turn("refused", str(error))
            return REFUSED
        except JournalError as error:
            self._turn("lost", f"the journal cannot be read: {error}")
        except Exception as error:
            self.health.faults += 1
            reason = f"a fault in the sink: {type(error).__name__}: {error}"
            if self.health.turn("lost", self._origin.now(), reason):
                log.exception("%s: %s", self.sink.name, reason)
        finally:
            self._passage.redress.give_up(f"the connection to {self.sink.name} broke off; ask again")
            await self.sink.close()
        return None

    def _turn(self, state: State, error: str | None = None) -> None:
        """One line in the log for each change."""
        if not self.health.turn(state, self._origin.now(), error):
            return
        if error is None:
            log.info("%s is %s", self.sink.name, state)
        else:
            log.warning("%s is %s: %s", self.sink.name, state, error)
