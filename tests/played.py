"""A site that is told things at times in seconds, and what it said: for tests of the pipeline."""

from collections.abc import Sequence

from core.events import Event, Gap
from core.pipeline import Pipeline
from core.records import SECOND, Alive, Body, Dictionary, Down, Input, Up, reads
from core.site import Site

EPOCH = 1_700_000_000 * SECOND
A, B, C = (f"E2000000000000000000000{digit}" for digit in "ABC")
TAGS = Dictionary((A, B, C))

Fact = tuple[str, str | None, float]
"""Kind, place, seconds after the epoch."""


def at(seconds: float) -> int:
    """Microseconds UTC of a moment."""
    return EPOCH + round(seconds * SECOND)


def seconds(time: int) -> float:
    """The moment of a time."""
    return (time - EPOCH) / SECOND


def fact(event: Event) -> Fact:
    """An event in short; a retraction names what it takes back."""
    kind = event.kind if event.of is None else f"not {event.of}"
    return kind, event.place, seconds(event.time)


class Played:
    """A pipeline and everything that it decided so far."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.pipeline = Pipeline(site)
        self.events: list[Event] = []
        self.gaps: list[Gap] = []
        self._told = 0

    def say(self, source: str, body: Body) -> None:
        """One input."""
        decided = self.pipeline.step(Input(source, 0, body))
        self.events += decided.events
        self.gaps += decided.gaps

    def read(
        self, source: str, port: int, *times: float, tag: str = A, rssi: float = -60.0, count: int = 1
    ) -> None:
        """Reads of one tag at one antenna, in one batch."""
        many = len(times)
        code = [TAGS.code(tag)] * many
        batch = reads(TAGS, map(at, times), code, [port] * many, [rssi] * many, [count] * many)
        self.say(source, batch)

    def alive(self, time: float, *sources: str) -> None:
        """A sign of life of these sources, or of all."""
        for source in sources or [source.id for source in self.site.sources]:
            self.say(source, Alive(at(time)))

    def down(self, source: str, time: float) -> None:
        """The link was lost."""
        self.say(source, Down(at(time), "lost"))

    def up(self, source: str, time: float) -> None:
        """The link is back."""
        self.say(source, Up(at(time)))

    def finish(self) -> None:
        """The end of a replay."""
        self.events += self.pipeline.finish().events

    def reborn(self) -> None:
        """The process ended and goes on from a snapshot."""
        self.pipeline = Pipeline.restore(self.site, self.pipeline.snapshot())

    @property
    def facts(self) -> list[Fact]:
        """All events in short."""
        return [fact(event) for event in self.events]

    def news(self) -> list[Fact]:
        """What was said since this was asked last."""
        told, self._told = self._told, len(self.events)
        return self.facts[told:]

    def of(self, *kinds: str) -> list[Event]:
        """Events of these kinds."""
        return [event for event in self.events if event.kind in kinds]


def standing(events: Sequence[Event]) -> list[Event]:
    """Events that were not taken back."""
    taken_back = {event.retracts for event in events}
    return [event for event in events if event.kind != "retracted" and event.id not in taken_back]
