"""What must hold of a codec whatever it is fed. A judge takes one input and raises Finding, or whatever the codec raises.

No exception but those that a session keeps in `error`; any split gives the same; nothing is lost sight of: each byte is
in a frame or in the noise, a message that cannot be understood is counted. One session of each judge lives through all inputs, so
that whoever runs it sees whether memory is bounded.
"""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from zlib import crc32

from core.records import Fixes, Reads, Scan
from drivers.codecs.catalog import CODECS, Codec, MessageCodec, StreamCodec, TrackerCodec
from drivers.codecs.errors import ProtocolError
from drivers.codecs.llrp_frames import Frames as LlrpFrames
from drivers.codecs.message_recording import messages, recorded
from drivers.codecs.message_session import Message, MessageSession
from drivers.codecs.module_frames import Frames
from drivers.codecs.stream_session import StreamSession
from drivers.codecs.topics import TopicFilter
from drivers.codecs.tracker_session import Report, TrackerSession

Judge = Callable[[bytes], None]
Row = tuple[int, str, int, str]

NOW = 1_774_682_420_000_000
STEP = 0.1
"""Seconds between two pieces of an input."""


class Finding(Exception):
    """A codec does not hold what it promises; the text says what."""


def judges() -> dict[str, Judge]:
    """One for each codec of the catalog, and for what is beneath several of them."""
    found = {kind: judge(codec) for kind, codec in CODECS.items()}
    return {**found, "llrp-frames": llrp_frames, "topics": topics}


def judge(codec: Codec) -> Judge:
    """Of one codec."""
    if isinstance(codec, MessageCodec):
        return _Messages(codec)
    if isinstance(codec, TrackerCodec):
        return _Trackers(codec)
    return _Stream(codec)


def pieces(data: bytes) -> list[bytes]:
    """`data` cut at a few places that it decides itself; some pieces are empty."""
    chance = random.Random(crc32(data))
    cuts = sorted(chance.randint(0, len(data)) for _ in range(chance.randint(1, 8)))
    return [data[start:stop] for start, stop in pairwise([0, *cuts, len(data)])]


def llrp_frames(data: bytes) -> None:
    """A broken LLRP stream ends: what comes before is in messages, the rest is still there."""
    whole, split = LlrpFrames(), LlrpFrames()
    first, second = _cut(whole, [data]), _cut(split, pieces(data))
    _same("messages", first, second)
    if not data.startswith(b"".join(first)):
        raise Finding("the messages are not the bytes that came")
    _same("error", str(whole.error), str(split.error))


def topics(data: bytes) -> None:
    """A template, and behind the first newline a topic."""
    template, _, topic = data.decode(errors="replace").partition("\n")
    try:
        found = TopicFilter(template)
    except ValueError as error:
        if "; " not in str(error):
            raise Finding(f"no remedy in {error}") from None
        return
    levels = found.match(topic)
    if levels is not None and set(levels) != set(found.names):
        raise Finding(f"levels {levels} are not those named in {template!r}")
    if "+" not in found.filter and "#" not in found.filter and found.match(template) is None:
        raise Finding(f"{template!r} does not cover itself")


class _Stream:
    """Of a device with a byte stream."""

    def __init__(self, codec: StreamCodec) -> None:
        self._codec = codec
        self._lasting = _reading(codec)

    def __call__(self, data: bytes) -> None:
        _lines(self._codec.decode(data))
        if self._codec.frames is not None:
            _frames(self._codec.frames, data)
        for begin in (lambda: self._codec.session(), lambda: _reading(self._codec)):
            self._any_split(begin, data)
        self._survives(data)

    def _any_split(self, begin: Callable[[], StreamSession], data: bytes) -> None:
        whole, split = begin(), begin()
        first = _rows(whole.receive(data, NOW, STEP))
        second = [row for piece in pieces(data) for row in _rows(split.receive(piece, NOW, STEP))]
        if whole.error is None and split.error is None:
            _same("reads", first, second)
            _same("counts", dict(whole.counts), dict(split.counts))
            _same("what the device is told", whole.data_to_send(), split.data_to_send())

    def _survives(self, data: bytes) -> None:
        """Time passes between the pieces, and the session goes on with the next input."""
        session = self._lasting
        for piece in pieces(data):
            at = max(STEP, session.deadline)
            _rows(session.receive(piece, NOW, at))
            _rows(session.timeout(NOW, at))
            session.data_to_send()
            session.counts.clear()
            if session.error is not None:
                session = self._lasting = _reading(self._codec)


class _Messages:
    """Of a device that talks by messages: each line of the input is one."""

    def __init__(self, codec: MessageCodec) -> None:
        self._codec = codec
        self._lasting = codec.session()

    def __call__(self, data: bytes) -> None:
        _lines(self._codec.decode(data))
        told = [Message(self._codec.topic, payload, False, NOW) for payload in data.split(b"\n")]
        _same("recording", list(messages(b"".join(map(recorded, told)))), told)
        whole, apart = self._codec.session(), self._codec.session()
        first = _rows(whole.receive(told))
        second = [row for message in told for row in self._one(apart, message)]
        _same("reads", first, second)
        _same("counts", dict(whole.counts), dict(apart.counts))
        _rows(self._lasting.receive(told))
        self._lasting.counts.clear()

    def _one(self, session: MessageSession, message: Message) -> list[Row]:
        before = session.counts.total()
        said = list(session.receive([message]))
        if (
            not said
            and session.counts.total() == before
            and message.payload
            and not _is_json(message.payload)
        ):
            raise Finding(f"nothing was made of {message.payload!r}, and nothing counted")
        return _rows(said)


class _Trackers:
    """Of trackers that call: a connection in any split, the same midway, and each line a datagram."""

    MOST = 1 << 15
    """Bytes that may be held for a message that is not whole."""

    def __init__(self, codec: TrackerCodec) -> None:
        self._codec = codec
        self._lasting = codec.midway()

    def __call__(self, data: bytes) -> None:
        _lines(self._codec.decode(data))
        for begin in (self._codec.session, self._codec.midway):
            whole, split = begin(), begin()
            first = _told(whole, [data])
            second = _told(split, pieces(data))
            _same("reports", first, second)
            _same("error", str(whole.error), str(split.error))
        _told(self._lasting, pieces(data))
        if self._lasting.error is not None:
            self._lasting = self._codec.midway()
        if self._lasting.pending > self.MOST:
            raise Finding(f"{self._lasting.pending} bytes are held")
        if self._codec.datagrams is not None:
            datagrams = self._codec.datagrams()
            for one in data.split(b"\n"):
                if not datagrams.receive(one, NOW):
                    raise Finding(f"nothing was made of {one!r:.100}, and nothing counted")


def _told(session: TrackerSession, several: Sequence[bytes]) -> list[str]:
    """What is made of them, as long as the connection lasts; a float as text, so that NaN is NaN."""
    found: list[Report] = []
    for piece in several:
        if session.error is None:
            found += session.receive(piece, NOW)
    return [repr(one) for one in found]


def _is_json(payload: bytes) -> bool:
    """Of JSON there is much that has nothing to tell: an empty array, the answer that all is well."""
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        return False
    return True


def _reading(codec: StreamCodec) -> StreamSession:
    """A session whose device has told what it is: from then on it looks for tags."""
    session = codec.session()
    session.info = "fuzzed"
    return session


def _lines(lines: Iterable[object]) -> None:
    for line in lines:
        if not line:
            raise Finding("decode tells an empty object")
        json.dumps(line)


def _frames(begin: Callable[[], Frames], data: bytes) -> None:
    whole, split = begin(), begin()
    first = [*whole.feed(data), *whole.flush()]
    second = [frame for piece in pieces(data) for frame in split.feed(piece)] + split.flush()
    _same("frames", first, second)
    _same("noise", whole.noise, split.noise)
    _same("bytes in frames and noise", sum(map(len, first)) + whole.noise, len(data))


def _cut(frames: LlrpFrames, several: Sequence[bytes]) -> list[bytes]:
    found: list[bytes] = []
    for piece in several:
        try:
            found += frames.feed(piece)
        except ProtocolError:
            break
    return found


def _rows(said: Iterable[object]) -> list[Row]:
    """The reads, scans and fixes, one by one; a float as text, so that NaN is NaN."""
    found: list[Row] = []
    for one in said:
        if isinstance(one, Reads):
            found += _of(one)
        elif isinstance(one, Scan):
            found.append((one.time, one.tag, 0, "scan"))
        elif isinstance(one, Fixes):
            found += _positions(one)
    return found


def _positions(fixes: Fixes) -> Iterator[Row]:
    columns = (
        fixes.time,
        fixes.tracker,
        fixes.lat,
        fixes.lon,
        fixes.alt,
        fixes.speed,
        fixes.course,
        fixes.flags,
    )
    for time, tracker, *where in zip(*(column.tolist() for column in columns), strict=True):
        yield time, fixes.trackers.ids[tracker], 0, repr(where)


def _of(reads: Reads) -> Iterator[Row]:
    if not (reads.count > 0).all():
        raise Finding("a read that stands for none")
    columns = (reads.time.tolist(), reads.tag.tolist(), reads.antenna.tolist(), reads.rssi.tolist())
    for time, tag, antenna, rssi in zip(*columns, strict=True):
        yield time, reads.tags.ids[tag], antenna, repr(rssi)


def _same(what: str, whole: object, split: object) -> None:
    if whole != split:
        raise Finding(f"{what}: {whole!r:.300} in one piece, {split!r:.300} in several")
