"""What is heard on a broker, a topic at a time, in bounded memory: of each topic who publishes there, and at which
antennas its tags were read. The messages themselves are not kept.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from core.records import Reads
from drivers.codecs.message_recognise import Publisher, publisher
from drivers.codecs.message_session import Message, MessageSession
from drivers.codecs.notice import Notice
from drivers.subscriber import Subscriber
from gateway.discover.finding import Finding, Value
from gateway.discover.known import Known
from gateway.discover.proposal import device

MOST_TOPICS = 2000
"""Those of others are counted."""

MOST_ANTENNAS = 64
LOOKS = 20
"""Messages of a topic after which nobody of ours is expected there."""

ENOUGH = 50
"""Messages that are read for their antennas."""

LONGEST = 1 << 20
"""Bytes of a message that is looked at."""

_NAMED = 5
"""Topics, and remarks, that are told of several trackers."""

_WITH_EVENTS = ("zebra", "rfd")
_ANTENNA_LATER = "the antennas of what was heard; add those that were not at work meanwhile"


@dataclass(slots=True)
class Heard:
    """One topic. A handheld reads and scans at ports of its own, and any port stands for all of them."""

    publisher: Publisher | None = None
    session: MessageSession | None = None
    messages: int = 0
    live: bool = False
    antennas: set[int] = field(default_factory=set)
    trouble: str = ""
    handheld: bool = False


class Published:
    """Of one broker. `broker` is its id in the configuration."""

    def __init__(self, finder: str, broker: str, known: Known) -> None:
        self.messages = 0
        self.overlooked: int = 0
        self._finder = finder
        self._broker = broker
        self._known = known
        self._topics: dict[str, Heard] = {}

    @property
    def topics(self) -> int:
        return len(self._topics)

    def see(self, topic: str, payload: bytes, retained: bool) -> None:
        """A message; one that the broker had kept tells who publishes as well as any."""
        self.messages += 1
        heard = self._topics.get(topic)
        if heard is None:
            if len(self._topics) >= MOST_TOPICS:
                self.overlooked += 1
                return
            heard = self._topics[topic] = Heard()
        heard.messages += 1
        heard.live |= not retained
        if len(payload) > LONGEST:
            return
        if heard.publisher is None and heard.messages <= LOOKS:
            heard.publisher = publisher(payload, topic)
            self._begin(heard, topic, heard.publisher)
        if heard.session is not None and heard.messages <= ENOUGH:
            self._read(heard, topic, payload)

    def _begin(self, heard: Heard, topic: str, found: Publisher | None) -> None:
        """What understands it, if this version has the kind."""
        if found is None or found.role != "data":
            return
        one = device({"id": "discovered", "kind": found.kind, **self._settings(topic, found)})
        if isinstance(one, Subscriber):
            heard.session, heard.handheld = one.session(), one.handheld

    def _settings(self, topic: str, found: Publisher) -> dict[str, Value]:
        return {"broker": self._broker, "topic": found.topic or topic, **found.settings}

    def _read(self, heard: Heard, topic: str, payload: bytes) -> None:
        assert heard.session is not None
        for said in heard.session.receive([Message(topic, payload, False, time.time_ns() // 1000)]):
            if isinstance(said, Reads) and not heard.handheld:
                heard.antennas.update(said.antenna.tolist()[: MOST_ANTENNAS - len(heard.antennas)])
            elif isinstance(said, Notice):
                heard.trouble = said.text

    def findings(self) -> Iterator[Finding]:
        """One for each topic on which a device tells its data, or, if it has none, how it is; of trackers one for all
        that one table stands for."""
        together: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for topic, heard in sorted(self._topics.items()):
            if heard.publisher is not None and heard.publisher.topic is not None:
                together[heard.publisher.kind, heard.publisher.topic].append(topic)
        for (_, everybody), topics in sorted(together.items()):
            yield self._of_trackers(everybody, topics)
        yield from self._of_devices()

    def _of_devices(self) -> Iterator[Finding]:
        beside: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        alone = {
            topic: publisher
            for topic, heard in self._topics.items()
            if (publisher := heard.publisher) is not None and publisher.topic is None
        }
        for topic, one in alone.items():
            if one.role != "data":
                beside[_place(one.kind, topic)].setdefault(one.role, topic)
        told = set()
        for topic, one in sorted(alone.items(), key=itemgetter(0)):
            if one.role == "data":
                place = _place(one.kind, topic)
                told.add(place)
                yield self._finding(topic, self._topics[topic], one, beside.get(place, {}))
        for (kind, parent), topics in sorted(beside.items()):
            if (kind, parent) not in told:
                yield self._without_data(next(iter(topics.values())))

    def _finding(self, topic: str, heard: Heard, found: Publisher, beside: dict[str, str]) -> Finding:
        where = f"{self._broker}: {topic}"
        remarks = []
        if not heard.live:
            remarks.append("only a retained message was heard: it may be long gone")
        if heard.antennas - {0}:
            remarks.append(_ANTENNA_LATER)
        if heard.trouble:
            remarks.append(heard.trouble)
        settings = self._settings(topic, found)
        if "events" in beside and found.kind in _WITH_EVENTS:
            settings["events"] = beside["events"]
        return Finding(
            self._finder,
            where,
            "ready",
            found.kind,
            topic,
            found.model,
            settings,
            tuple(sorted(heard.antennas)),
            tuple(remarks),
            self._known.topic(self._broker, topic),
        )

    def _of_trackers(self, everybody: str, topics: Sequence[str]) -> Finding:
        """Phones, or nodes of a mesh."""
        several = [self._topics[topic] for topic in topics]
        found = next(one.publisher for one in several if one.publisher is not None)
        more = f" and {len(topics) - _NAMED} more" if len(topics) > _NAMED else ""
        remarks = [f"heard on {', '.join(topics[:_NAMED])}{more}"]
        if not any(one.live for one in several):
            remarks.append("only retained messages were heard: they may be long gone")
        remarks += dict.fromkeys(one.trouble for one in several if one.trouble)
        return Finding(
            self._finder,
            f"{self._broker}: {everybody}",
            "ready",
            found.kind,
            everybody.removesuffix("#").strip("/"),
            found.model,
            self._settings(everybody, found),
            None,
            tuple(remarks[:_NAMED]),
            self._known.topic(self._broker, topics[0]),
        )

    def _without_data(self, topic: str) -> Finding:
        heard = self._topics[topic]
        assert heard.publisher is not None
        remark = "it tells how it is, and nothing that it reads: let it read something meanwhile"
        known = self._known.topic(self._broker, topic)
        where = f"{self._broker}: {topic}"
        return Finding(
            self._finder, where, "unknown", model=heard.publisher.model, remarks=(remark,), known=known
        )


def _place(kind: str, topic: str) -> tuple[str, str]:
    """What the topics of one device have in common: the level that they stand in, or a handheld's serial number."""
    parent, _, last = topic.rpartition("/")
    return kind, last if kind == "rfd" else parent
