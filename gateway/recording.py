"""What `waypost capture` records of a device, and what stands in it: a stream's bytes, or messages with their topics."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.records import Fixes, Reads
from drivers.base import Settings
from drivers.codecs.notice import Notice
from drivers.subscriber import Subscriber

if TYPE_CHECKING:
    from drivers.codecs.message_session import Message, MessageSession

BYTES, MESSAGES = "capture.bin", "capture.jsonl"


@dataclass(frozen=True, slots=True)
class Told:
    """tags: reports of tags;  fixes: positions;  broken: stretches or messages that cannot be understood."""

    tags: int
    fixes: int
    broken: int


def file_name(device: Settings) -> str:
    """Of a recording of that device."""
    return MESSAGES if isinstance(device, Subscriber) else BYTES


def told(kind: str, device: Settings, data: bytes) -> Told:
    """What a recording of that device, of that kind, says. Raises Malformed where its lines are no messages."""
    from drivers.codecs.catalog import CODECS
    from drivers.codecs.message_recording import messages

    if isinstance(device, Subscriber):
        return _of_messages(device.session(), messages(data))
    codec = CODECS.get(kind)  # a recorded device has none, and says nothing
    return Told(0, 0, 0) if codec is None else _of_lines(codec.decode(data))


def _of_lines(lines: Iterable[Mapping[str, object]]) -> Told:
    tags = fixes = broken = 0
    for line in lines:
        tags += "tag" in line
        fixes += "lat" in line
        broken += "error" in line
    return Told(tags, fixes, broken)


def _of_messages(session: "MessageSession", messages: "Iterable[Message]") -> Told:
    tags = fixes = broken = 0
    for said in session.receive(list(messages)):
        tags += len(said) if isinstance(said, Reads) else 0
        fixes += len(said) if isinstance(said, Fixes) else 0
        broken += isinstance(said, Notice) and said.name == "malformed"
    return Told(tags, fixes, broken)
