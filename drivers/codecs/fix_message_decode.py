"""What do these messages of trackers say? One JSON-able object per position, and one about everything else."""

from collections.abc import Callable, Iterator

from core.records import Fix
from drivers.codecs import fix_lines, message_recording
from drivers.codecs import json_values as values
from drivers.codecs.fix_values import counter_of
from drivers.codecs.json_values import Malformed
from drivers.codecs.tracker_session import Position

Line = dict[str, object]
Described = tuple[str, str, Position | None, list[str]]
"""Whose message it is, of which type, the position, and what was left out."""

Describe = Callable[[str, bytes], Described]
"""Of a topic ("" if nobody knows it) and a message. Raises Malformed."""


def decode_lines(data: bytes, describe: Describe) -> Iterator[Line]:
    """A message a line, by itself, behind its topic (`mosquitto_sub -v`) or as `waypost capture` writes it, or one message
    over all lines. Positions have "lat"; what cannot be understood gives {"error": ...}."""
    whole = b"\n" in data.strip() and values.is_json(data)
    for number, line in enumerate([data] if whole else data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield from _lines(*describe(*_message(line)))
        except Malformed as error:
            yield {"error": f"line {number}: {counter_of(error)}: {error}"}


def _message(line: bytes) -> tuple[str, bytes]:
    """Topic and payload."""
    before, _, rest = line.partition(b" ")
    if rest.lstrip()[:1] == b"{" and before[:1] not in b'{["':
        return before.decode(errors="replace"), rest
    value = values.parse(line)
    if message_recording.is_recorded(value):
        return str(value["topic"]), message_recording.payload(value)
    return "", line


def _lines(tracker: str, kind: str, position: Position | None, left_out: list[str]) -> Iterator[Line]:
    named = f"tracker:{tracker}" if tracker else ""
    if position is not None:
        yield fix_lines.line(Fix(named, *position))
    if left_out:
        yield {"error": ", ".join(left_out), "tracker": named or None}
    elif position is None:
        yield {"message": kind, "tracker": named or None}
