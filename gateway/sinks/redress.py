"""What an operator decides about rows in quarantine: try them again, or drop them."""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.refusals import Place, Refusal
from gateway.sinks.contract import STREAMS, Hole, Line, Lost, Poisoned, Sink
from gateway.sinks.origin import Origin
from gateway.sinks.refused import to_batch
from gateway.sinks.refusing import REASON

Decision = Literal["retry", "drop"]
DECISIONS: Mapping[str, Decision] = {"retry": "retry", "drop": "drop"}
BY_OPERATOR = "dropped by an operator; it was refused with: "


@dataclass(frozen=True, slots=True)
class Settled:
    """How many rows are in quarantine no more, and how many were refused again."""

    settled: int
    left: int


class Redress:
    """Decisions about one sink's quarantine; they wait until the sink is between two batches."""

    def __init__(self, sink: Sink, origin: Origin) -> None:
        self._sink = sink
        self._origin = origin
        self._waiting: deque[tuple[Decision, asyncio.Future[Settled]]] = deque()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    async def decide(self, decision: Decision) -> Settled:
        """Returns when it was carried out. Raises Lost when the connection broke meanwhile."""
        done: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        self._waiting.append((decision, done))
        return await done

    async def carry_out(self, refusals: Iterable[tuple[Place, Refusal]]) -> None:
        """The decision that waits longest, for these rows of the sink."""
        decision, done = self._waiting[0]
        settled = left = 0
        for place, refusal in refusals:
            if await self._settle(decision, place, refusal):
                settled += 1
            else:
                left += 1
        await self._origin.save()
        self._waiting.popleft()
        if not done.done():
            done.set_result(Settled(settled, left))

    def give_up(self, reason: str) -> None:
        """The connection is gone: whoever waits has to ask again."""
        while self._waiting:
            _, done = self._waiting.popleft()
            if not done.done():
                done.set_exception(Lost(reason))

    async def _settle(self, decision: Decision, place: Place, refusal: Refusal) -> bool:
        line = Line(self._origin.site, place.epoch, STREAMS[place.stream])
        if decision == "drop":
            hole = Hole(line, place.seq, place.seq, "dropped", BY_OPERATOR + refusal.reason)
            await self._sink.account(hole)
        else:
            try:
                await self._sink.redeem(to_batch(line, place.seq, refusal.body))
            except Poisoned as error:
                again = Refusal(self._origin.now(), str(error)[:REASON], refusal.body)
                self._origin.notebook.refuse(place, again)
                return False
        self._origin.notebook.redeem(place)
        return True
