"""A sink's quarantine: rows that its destination refused, in the journal until an operator has looked."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping

from gateway.refusals import Place, Refusal
from gateway.sinks.contract import STREAMS, Batch, Hole, Refused, Sink, Stream
from gateway.sinks.health import Health
from gateway.sinks.origin import Origin
from gateway.sinks.refused import to_text

log = logging.getLogger(__name__)

IN_A_ROW = 100
"""Rows that may be refused one after the other before it is taken to be the destination's fault."""
REASON = 1_000
"""Characters of a reason that are kept."""
REFUSALS = "refusals"
"""With the epoch of a journal that was put aside: the cursor is 1 once its quarantine has been taken over."""


class Refusing:
    """What a sink's destination refuses. Methods raise what the sink raises."""

    def __init__(self, sink: Sink, origin: Origin, health: Health) -> None:
        self._sink = sink
        self._origin = origin
        self._health = health
        self._in_a_row = 0

    def over(self) -> None:
        """It has taken a row again."""
        self._in_a_row = 0

    async def refuse(self, row: Batch, reason: str) -> None:
        """The journal has it before the destination's account says so: no power cut may lose it."""
        if self._in_a_row >= IN_A_ROW:
            self._in_a_row = 0
            raise Refused(
                f"{self._sink.name} refused {IN_A_ROW} rows one after the other, the last one with: {reason}; "
                f"mend what it does not like, then `waypost db quarantine --sink {self._sink.name} --retry`"
            )
        self._in_a_row += 1
        line = row.line
        place = Place(self._sink.name, line.epoch, line.stream, row.first)
        refusal = Refusal(self._origin.now(), reason[:REASON], to_text(row))
        self._origin.notebook.refuse(place, refusal)
        await self._origin.save()
        await self._sink.account(Hole(line, row.first, row.first, "quarantined", refusal.reason))
        self._health.quarantined[line.stream] += 1
        log.error("%s refused number %d of the %s: %s", place.sink, row.first, line.stream, reason)

    async def take_over(self, epoch: str, refusals: Iterable[tuple[Place, Refusal]]) -> None:
        """The quarantine of a journal that was put aside, once: operators are shown that of the journal in use."""
        notebook, name, key = self._origin.notebook, self._sink.name, f"{REFUSALS}/{epoch}"
        if notebook.cursors.get((name, key)):
            return
        notebook.advance(name, key, 1)
        found = dict(refusals)
        for place, refusal in found.items():
            notebook.refuse(place, refusal)
        if found:
            await self._origin.save()

    def look(self, places: Iterable[Place], epoch: str, at: Mapping[Stream, int]) -> None:
        """These are in quarantine, and the destination is `at` these numbers of an epoch.

        A row that it knows nothing of, because the connection broke, will be sent again: it decides anew.
        """
        self._health.quarantined = Counter()
        for place in places:
            if place.epoch == epoch and place.seq > at.get(STREAMS[place.stream], place.seq):
                self._origin.notebook.redeem(place)
            else:
                self._health.quarantined[place.stream] += 1
