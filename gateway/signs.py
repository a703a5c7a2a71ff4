"""When a source last showed a sign of life, or since when it is awaited: up to there nothing of it is unknown."""

import json
from dataclasses import dataclass

from core.records import Alive, Body, Down, Fixes, Input, Reads, Scan, Shift, Up

_MAGIC = b"waypost-state-1\n"


@dataclass(frozen=True, slots=True)
class Sign:
    """time: microseconds UTC of the last sign of life; of a source that never gave one, since when it is known to be
    awaited, and None before that. up: no Down came after the last Up."""

    time: int | None
    up: bool


NEVER = Sign(None, False)


def after(sign: Sign, arrival: int, body: Body) -> Sign:
    """The sign of life after `body`, which arrived at `arrival`.

    `Up` is none: what the device held back arrives after it, with older times. The times of such a backlog
    tell how far it has come; a time in the future tells nothing.
    """
    match body:
        case Alive(time=time):
            return Sign(_later(sign.time, time), True)
        case Scan(time=time):
            return Sign(_later(sign.time, min(time, arrival)), True)
        case Reads() | Fixes() if len(body):
            return Sign(_later(sign.time, min(int(body.time.max()), arrival)), True)
        case Up(time=time):
            return Sign(time if sign.time is None else sign.time, True)
        case Down(time=time):
            return Sign(time if sign.time is None else sign.time, False)
        case _:
            return sign


def advance(signs: dict[str, Sign], input: Input) -> None:
    """The signs after an input; a re-anchored clock moves those of all sources."""
    if isinstance(input.body, Shift):
        for source, sign in signs.items():
            signs[source] = shifted(sign, input.body.by)
    else:
        signs[input.source] = after(signs.get(input.source, NEVER), input.arrival, input.body)


def shifted(sign: Sign, by: int) -> Sign:
    """The same moment by the re-anchored clock."""
    return sign if sign.time is None else Sign(sign.time + by, sign.up)


def _later(before: int | None, time: int) -> int:
    return time if before is None else max(before, time)


def pack(signs: dict[str, Sign], pipeline: bytes) -> bytes:
    """A snapshot: what the gateway itself must remember, then the pipeline's state."""
    known = {source: [sign.time, sign.up] for source, sign in signs.items()}
    return _MAGIC + json.dumps(known).encode() + b"\n" + pipeline


def unpack(data: bytes) -> tuple[dict[str, Sign], bytes]:
    """What `pack` was given. Raises ValueError if another version wrote it."""
    if not data.startswith(_MAGIC):
        raise ValueError("the snapshot was written by another version")
    header, _, pipeline = data[len(_MAGIC) :].partition(b"\n")
    return {source: Sign(time, up) for source, (time, up) in json.loads(header).items()}, pipeline
