"""What do these messages say? One JSON-able object per tag and per other message, from lines of JSON."""

from collections.abc import Callable, Iterator

from drivers.codecs import json_values as values
from drivers.codecs import message_recording

Line = dict[str, object]
Describe = Callable[[object], Iterator[Line]]


def decode_lines(data: bytes, describe: Describe) -> Iterator[Line]:
    """A message a line, by itself, behind its topic (`mosquitto_sub -v`) or as `waypost capture` writes it, or one message
    over all lines; what cannot be understood gives {"error": ...}.
    """
    whole = data.strip()
    if b"\n" in whole:
        try:
            lines = list(describe(values.parse(whole)))
        except values.Malformed:
            pass
        else:
            yield from lines
            return
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            try:
                value = values.parse(_behind_topic(line))
                if message_recording.is_recorded(value):
                    value = values.parse(message_recording.payload(value))
                yield from describe(value)
            except values.Malformed as error:
                yield {"error": f"line {number}: {error}"}


def _behind_topic(line: bytes) -> bytes:
    """The message alone, where a topic stands before it."""
    topic, _, rest = line.partition(b" ")
    return rest if rest.lstrip()[:1] in (b"{", b"[") and topic[:1] not in b'{["' else line
