"""Portals at work: which passes are open, which wait for the vote of their companions, which were judged."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import pairwise

from core.company import Company, overlap
from core.motion import Motion
from core.places import Place
from core.portal import Movement, Verdict, judge
from core.records import SECOND
from core.tracks import Run


@dataclass(slots=True, eq=False)
class Judged:
    """An ended pass: what was seen, and the verdict once its companions have ended too."""

    run: Run
    seen: Motion
    verdict: Verdict | None = None


Eye = tuple[int, int, bool]
"""Time, side, and whether the photo-eye was interrupted then, or free again."""
EYES = 1_024
"""What the photo-eyes of one portal told last, and is remembered."""
LIMIT = 20_000
"""Ended passes of one portal that a late vote may still touch; older ones are forgotten first."""


@dataclass(slots=True, eq=False)
class Door:
    """One portal. `open` holds the passes that are running and not static; `ended` all that a vote may still touch.

    Two heaps say which passes can be judged without looking at the others: when the open ones began, and until when
    those that wait may get companions. An entry of `begun` whose pass is no longer open is dropped when it surfaces.
    """

    place: Place
    company: Company
    open: dict[Run, None] = field(default_factory=dict)
    begun: list[tuple[int, int, Run]] = field(default_factory=list)
    waiting: list[tuple[int, int, Judged]] = field(default_factory=list)
    ended: dict[int, list[Judged]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    recheck: list[tuple[int, int]] = field(default_factory=list)
    """Spans of passes whose votes changed after others had been judged by them."""
    swept: int = 0
    serial: int = 0
    eyes: list[Eye] = field(default_factory=list)
    """What the photo-eyes told, in order of time."""

    def _next(self) -> int:
        self.serial += 1
        return self.serial

    def opened(self, run: Run) -> None:
        """A pass began."""
        self.open[run] = None
        heappush(self.begun, (run.first, self._next(), run))

    def became_static(self, run: Run) -> None:
        """A pass lasted too long to be one: it leaves the vote."""
        run.static = True
        self.open.pop(run, None)

    def closed(self, run: Run, seen: Motion) -> None:
        """A pass ended: it casts its vote and waits for its companions."""
        self.open.pop(run, None)
        self.company.add(seen)
        judged = Judged(run, seen)
        self.ended.setdefault(run.track, []).append(judged)
        self.wait(judged)

    def leave(self, track: int, runs: Iterable[Run]) -> bool:
        """A tag is forgotten: so are its passes, but not their votes. True if one of them was going on."""
        going_on = [run for run in runs if run in self.open]
        for run in going_on:
            del self.open[run]
        if any(one.verdict is None for one in self.ended.pop(track, ())):
            self.waiting = sorted(entry for entry in self.waiting if entry[2].run.track != track)
        return bool(going_on)

    def wait(self, one: Judged) -> None:
        """A pass waits until nothing that began in time to be its companion is open."""
        heappush(self.waiting, (one.seen.span[1], self._next(), one))

    def withdraw(self, run: Run, alive: list[Run]) -> list[Judged]:
        """Evidence changed a pass: take back its vote, and those of the passes that it was joined with."""
        for gone in [one for one in self.open if one.track == run.track and (one is run or one not in alive)]:
            del self.open[gone]
        changed = [one for one in self.ended.get(run.track, ()) if one.run is run or one.run not in alive]
        for one in changed:
            self.company.withdraw(one.seen)
            self.ended[run.track].remove(one)
            if one.verdict is not None:
                self.counts[one.verdict.movement] -= 1
        self.waiting = sorted(entry for entry in self.waiting if entry[2] not in changed)
        return changed

    def ready(self) -> Iterator[Judged]:
        """Passes whose companions have all ended."""
        while self.waiting:
            earliest = self._earliest()
            if earliest is not None and earliest < self.waiting[0][0]:
                return
            yield heappop(self.waiting)[2]

    def _earliest(self) -> int | None:
        """When the first of the open passes began."""
        while self.begun and self.begun[0][2] not in self.open:
            heappop(self.begun)
        return self.begun[0][0] if self.begun else None

    def own(self, one: Judged) -> Verdict:
        """What a pass was, whatever was heard at other doors.

        While an antenna was off, the sides can not be told apart; where photo-eyes work, nobody crosses unseen.
        """
        first, last = one.seen.span
        deaf = next(self.place.deaf.intervals(first, last + 1), None) is not None
        verdict = judge(one.seen, self.company.of(one.seen), self.place.sided and not deaf)
        if verdict.movement is Movement.CROSSING and self._unseen(first, last):
            return Verdict(Movement.NEAR, company=verdict.company)
        return verdict

    def judge(self, one: Judged, echo: bool = False) -> bool:
        """Decide a pass, or decide it again; True when the verdict is new. An echo was near, whatever it looks like."""
        before = one.verdict
        one.verdict = Verdict(Movement.NEAR) if echo else self.own(one)
        if one.verdict == before:
            return False
        if before is not None:
            self.counts[before.movement] -= 1
        self.counts[one.verdict.movement] += 1
        return True

    def companions(self, spans: list[tuple[int, int]]) -> list[Judged]:
        """Judged passes that are company of one of these."""
        return [
            one
            for passes in self.ended.values()
            for one in passes
            if one.verdict is not None and any(overlap(one.seen.span, span) for span in spans)
        ]

    def eye(self, time: int, side: int, interrupted: bool = True) -> None:
        """A photo-eye on one side was interrupted, or is free again. That it is still free is not remembered."""
        if not interrupted and not next((on for _, of, on in reversed(self.eyes) if of == side), False):
            return
        self.eyes.append((time, side, interrupted))
        self.eyes.sort()
        del self.eyes[:-EYES]

    def _unseen(self, first: int, last: int) -> bool:
        """Was no photo-eye interrupted during a pass? No, where none had ever been, or where it is forgotten.

        One that does not say that it is free again is interrupted for as long as a pass may take.
        """
        early, late = first - self.place.gap, last + self.place.gap
        at = bisect_left(self.eyes, (early, 0, False))
        if not at or (at < len(self.eyes) and self.eyes[at][0] <= late):
            return False
        before = {side: (time, interrupted) for time, side, interrupted in self.eyes[:at]}
        return not any(on and time + self.place.max_pass >= early for time, on in before.values())

    def by_eyes(self, run: Run, seen: Motion) -> tuple[int, Motion]:
        """The pass as the photo-eyes date it, and the direction that two of them tell.

        +1 when side 0 was interrupted before side 1, 0 when they do not tell. Of several interruptions the nearest to
        the middle of the pass count: other things go through the same door.
        """
        early, late = run.first - self.place.gap, run.last + self.place.gap
        near = [(time, side) for time, side, on in self.eyes if on and early <= time <= late]
        pairs = [(one, other) for one, other in pairwise(near) if one[1] != other[1]]
        if pairs:
            first, second = min(pairs, key=lambda pair: abs(pair[0][0] + pair[1][0] - 2 * seen.middle))
            dated = replace(seen, middle=(first[0] + second[0]) // 2, error=(second[0] - first[0]) / 2e6)
            return (1 if first[1] == 0 else -1), dated
        if near:
            return 0, replace(
                seen, middle=min((abs(time - seen.middle), time) for time, _ in near)[1], error=0.0
            )
        return 0, seen

    def settled(self) -> None:
        """What was judged is settled and takes part in no later vote."""
        for passes in self.ended.values():
            for one in passes:
                one.run.end_based = one.verdict is not None
        self.ended.clear()
        self.recheck.clear()
        self.company = Company(self.place.max_pass)
        waiting, self.waiting = self.waiting, []
        for _, _, one in waiting:
            self.company.add(one.seen)
            self.ended.setdefault(one.run.track, []).append(one)
            self.wait(one)

    def shift(self, by: int) -> None:
        """Move what is running; what has ended is settled and takes part in no later vote."""
        self.swept += by
        self.eyes = [(time + by, side, on) for time, side, on in self.eyes]
        self.begun = [(first + by, serial, run) for first, serial, run in self.begun]
        for _, _, one in self.waiting:
            span = one.seen.span[0] + by, one.seen.span[1] + by
            one.seen = replace(one.seen, middle=one.seen.middle + by, span=span)
        self.settled()

    def forget(self, before: int) -> list[int]:
        """Drop what lies beyond the horizon, or is too much, and tell of which tracks; looks only once a minute."""
        if before < self.swept + 60 * SECOND:
            return []
        self.swept = before
        excess = sum(map(len, self.ended.values())) - LIMIT
        if excess > 0:
            dues = sorted(one.run.due for passes in self.ended.values() for one in passes)
            before = max(before, dues[excess - 1] + 1)
        # what waits, and what a late vote may touch, keeps its vote
        self.company.forget(min([before - self.place.gap, *(last for last, _, _ in self.waiting[:1])]))
        return [track for track in list(self.ended) if self._forget(track, before)]

    def _forget(self, track: int, before: int) -> bool:
        kept = [one for one in self.ended[track] if one.verdict is None or one.run.due >= before]
        gone = [one for one in self.ended[track] if one not in kept]
        for one in gone:
            one.run.end_based = True
        self.ended[track] = kept
        if not kept:
            del self.ended[track]
        return bool(gone)


def is_crossing(one: Judged) -> bool:
    """Was it decided to be a crossing?"""
    return one.verdict is not None and one.verdict.movement is Movement.CROSSING
