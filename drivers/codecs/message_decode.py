"""What do these messages say? One JSON-able object per tag and per other message, from lines of JSON."""

from collections.abc import Callable, Iterator

from drivers.codecs import json_values as values
from drivers.codecs import message_recording
from drivers.codecs.message_session import Message, MessageSession
from drivers.codecs.notice import Notice

Line = dict[str, object]
Describe = Callable[[object], Iterator[Line]]
_PREFIX = "a message on '' cannot be understood: "


def decode_lines(
    data: bytes, describe: Describe, session: Callable[[], MessageSession] | None = None
) -> Iterator[Line]:
    """A message a line, by itself, behind its topic (`mosquitto_sub -v`) or as `waypost capture` writes it, or one message
    over all lines; what cannot be understood gives {"error": ...}, as does what a new `session` would not take.
    """
    if b"\n" in data.strip() and values.is_json(data):
        try:
            yield from _told(data, describe, session)
        except values.Malformed as error:
            yield {"error": str(error)}
        return
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            try:
                payload = _behind_topic(line)
                value = values.parse(payload)
                if message_recording.is_recorded(value):
                    payload = message_recording.payload(value)
                yield from _told(payload, describe, session)
            except values.Malformed as error:
                yield {"error": f"line {number}: {error}"}


def _told(payload: bytes, describe: Describe, session: Callable[[], MessageSession] | None) -> Iterator[Line]:
    """What a message says. Raises Malformed for what a device's driver would leave out of it, behind the rest."""
    lines = list(describe(values.parse(payload)))
    said = () if session is None else session().receive([Message("", payload, False, 0)])
    refusals = [one.text for one in said if isinstance(one, Notice) and one.name == "malformed"]
    if not refusals or len(lines) > 1:
        yield from lines
    if refusals:
        raise values.Malformed(refusals[0].removeprefix(_PREFIX))


def _behind_topic(line: bytes) -> bytes:
    """The message alone, where a topic stands before it."""
    topic, _, rest = line.partition(b" ")
    return rest if rest.lstrip()[:1] in (b"{", b"[") and topic[:1] not in b'{["' else line
