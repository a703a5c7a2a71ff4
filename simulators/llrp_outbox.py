"""What a reader has to say and cannot say yet: the bounded store behind its connection.

FX7500 and FX9600 keep up to 66,000 messages while the network is down, drop the oldest beyond that, and send all
of them after a reconnect (Zebra's FX integration guide, data protection).
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

CAPACITY = 66_000
"""Messages that are held while there is nobody to send them to."""

WINDOW = 64
"""Reports and events that wait for the socket; beyond that they are held."""


@dataclass(slots=True)
class Ledger:
    """Where every sighting went.

    seen == unread + merged + waiting + held + sent + overflowed + deleted, at every moment: `unread` had no
    running ROSpec that wanted it, `merged` was folded into another one's report, `waiting` is in a report that is
    not complete, `held` in a message that is not on the wire, `sent` in one that was given to the socket; the last
    two are lost for good.
    """

    seen: int = 0
    unread: int = 0
    merged: int = 0
    waiting: int = 0
    held: int = 0
    sent: int = 0
    overflowed: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A report or event: the message, how many tags it reports, and the ROSpec whose reports they are (0 = an event)."""

    data: bytes
    tags: int = 0
    rospec: int = 0


class Outbox:
    """Messages in the order in which they will be sent.

    `overflow` makes the event that tells the client of lost reports; it goes out before what is left of them.
    """

    def __init__(self, ledger: Ledger, overflow: Callable[[], bytes], capacity: int = CAPACITY) -> None:
        self._ledger = ledger
        self._overflow = overflow
        self._capacity = capacity
        self._open = False
        self._window = 0
        self._ready: deque[Entry | bytes] = deque()
        self._held: deque[Entry] = deque()
        self._lossy = False

    @property
    def filled(self) -> float:
        """How full the store is, 0 to 1."""
        return len(self._held) / self._capacity

    def reply(self, data: bytes) -> None:
        """A response: it is never held."""
        self._ready.append(data)

    def put(self, entry: Entry) -> None:
        """A report or event: to be sent now, or held."""
        self._ledger.held += entry.tags
        self._held.append(entry)
        while len(self._held) > self._capacity:
            lost = self._held.popleft()
            self._ledger.held -= lost.tags
            self._ledger.overflowed += lost.tags
            self._lossy = True
        self._fill()

    def release(self) -> None:
        """From now on reports and events are sent, the held ones first."""
        self._open = True
        self._fill()

    def hold(self) -> None:
        """From now on they are held; those that were not given to the socket are held again, responses are gone."""
        self._open = False
        again = [one for one in self._ready if isinstance(one, Entry)]
        self._held.extendleft(reversed(again))
        self._ready.clear()
        self._window = 0

    def take(self) -> bytes | None:
        """The next message for the socket, which is counted as sent."""
        if not self._ready:
            return None
        one = self._ready.popleft()
        if isinstance(one, bytes):
            return one
        self._window -= 1
        self._ledger.held -= one.tags
        self._ledger.sent += one.tags
        self._fill()
        return one.data

    def fetch(self) -> bool:
        """Send the held reports although events stay held (GET_REPORT); False if there are none."""
        reports = [one for one in self._held if one.rospec]
        self._held = deque(one for one in self._held if not one.rospec)
        self._ready.extend(reports)
        self._window += len(reports)
        return bool(reports)

    def lost(self) -> None:
        """Reports were lost elsewhere for want of memory: the client is told."""
        self._lossy = True
        self._fill()

    def forget(self, rospec: int | None) -> None:
        """Throw away the held reports of `rospec`; None = of all."""
        kept = deque(one for one in self._held if not one.rospec or rospec not in (None, one.rospec))
        lost = sum(one.tags for one in self._held) - sum(one.tags for one in kept)
        self._ledger.held -= lost
        self._ledger.deleted += lost
        self._held = kept

    def _fill(self) -> None:
        if not self._open:
            return
        if self._lossy:
            self._lossy = False
            self._ready.append(self._overflow())
        while self._held and self._window < WINDOW:
            self._ready.append(self._held.popleft())
            self._window += 1
