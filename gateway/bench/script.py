"""Readers that follow a script: they answer what an LLRP client asks when it connects, then play a scene.

They run in a process of their own on another core, so that what is measured is the gateway alone. Every report
carries the time at which it is sent; when the gateway does not keep up the connection fills, as with a real reader.
"""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np
from numpy.typing import NDArray

from drivers.codecs.llrp import HEADER, Message, Parameter, decode_message, encode_message
from drivers.codecs.llrp_frames import Frames
from drivers.codecs.llrp_schema import Value
from gateway.bench.machine import pin
from gateway.bench.scene import Bytes, Cast, Scene

SIZES = (48, 95, 12, 60, 40, 88, 5, 52, 72, 28, 55, 80, 20, 45, 35, 65)
"""Tags per message of mixed traffic: 50 on average."""

_PATIENCE = 30.0
"""Seconds after which a client that neither asks nor takes anything is given up."""
_UNANSWERED = ("KEEPALIVE_ACK", "ENABLE_EVENTS_AND_REPORTS", "GET_REPORT")
_BUFFER = 1 << 20
_REPORT_TYPE = 1 << 10 | 61
_KHZ = tuple(range(902_750, 927_751, 500))


@dataclass(frozen=True, slots=True)
class Script:
    """What every reader does. `rate` in reads/s of each reader, None = as fast as the gateway takes them."""

    casts: tuple[Cast, ...]
    sizes: tuple[int, ...] = SIZES
    rounds: int = 8
    rate: float | None = None


class Framing:
    """Reports to RO_ACCESS_REPORT messages (LLRP 1.1) whose sizes go round through `sizes`."""

    def __init__(self, sizes: tuple[int, ...], rounds: int) -> None:
        self.tags = sum(sizes) * rounds
        self._sizes = sizes
        head = b"".join([HEADER.pack(_REPORT_TYPE, HEADER.size + 46 * n, 0) + bytes(46 * n) for n in sizes])
        self._out: Bytes = np.tile(np.frombuffer(head, np.uint8), (rounds, 1))

    def messages(self, reports: Bytes) -> memoryview:
        """The bytes of `tags` reports, valid until the next call."""
        body = reports.reshape(len(self._out), -1)
        at = start = 0
        for n in self._sizes:
            start += HEADER.size
            self._out[:, start : start + 46 * n] = body[:, at : at + 46 * n]
            start, at = start + 46 * n, at + 46 * n
        return self._out.reshape(-1).data


class Playback:
    """One reader's stream: the next block of messages whenever asked."""

    def __init__(self, script: Script, number: int) -> None:
        first = sum(cast.tags for cast in script.casts[:number])
        cast = script.casts[number]
        self._scene = Scene(cast, first, number + 1, phase=cast.cycle * number / len(script.casts))
        self._framing = Framing(script.sizes, script.rounds)
        self.tags = self._framing.tags

    def block(self, since: int, now: int) -> memoryview:
        """Reports with times evenly in (since, now], microseconds UTC."""
        return self._framing.messages(self._scene.reports(self.tags, spread(since, now, self.tags)))


def spread(since: int, now: int, n: int) -> NDArray[np.int64]:
    """n times evenly in (since, now]."""
    return since + np.arange(1, n + 1) * max(now - since, 1) // n


def play(script: Script, core: int, link: Connection) -> None:
    """The process of the readers: tells `link` the port of each, and serves until there is a sentence on `link`.

    A reader begins anew for each client that comes: a gateway that restarts finds all of them again.
    """
    pin(core)
    stop = threading.Event()
    players: list[threading.Thread] = []
    with ExitStack() as servers:
        listening = [servers.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in script.casts]
        link.send([one.getsockname()[1] for one in listening])
        for number, connection in _accepted_by(listening, link):
            playback = Playback(script, number)
            player = threading.Thread(target=_serve, args=(connection, playback, script.rate, stop))
            player.start()
            players.append(player)
        link.recv()
        stop.set()
        for player in players:
            player.join()


def _accepted_by(servers: list[socket.socket], link: Connection) -> Iterator[tuple[int, socket.socket]]:
    """Who comes to which of them, until the end comes."""
    while not link.poll():
        for ready in select.select(servers, [], [], 0.1)[0]:
            yield servers.index(ready), ready.accept()[0]


def _serve(connection: socket.socket, playback: Playback, rate: float | None, stop: threading.Event) -> None:
    with connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk = Talk(connection)
        try:
            talk.greet()
            if rate is None:
                _flood(talk, playback, stop)
            else:
                _paced(talk, playback, rate, stop)
        except (OSError, EOFError):
            return


def _flood(talk: "Talk", playback: Playback, stop: threading.Event) -> None:
    since = time.time_ns() // 1000
    while not stop.is_set():
        now = max(time.time_ns() // 1000, since + 1)
        talk.send(playback.block(since, now))
        since = now


def _paced(talk: "Talk", playback: Playback, rate: float, stop: threading.Event) -> None:
    """Each block when it is due, by the monotonic clock; its reports are of the time since the last one."""
    period = playback.tags / rate
    since, due = time.time_ns() // 1000, time.monotonic() + period
    while not stop.wait(max(0.0, due - time.monotonic())):
        now = max(time.time_ns() // 1000, since + 1)
        talk.send(playback.block(since, now))
        since, due = now, due + period


class Talk:
    """The reader's end of an LLRP connection: success to every request, with what a client reads out of it."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._frames = Frames()
        self._spec: Parameter | None = None
        self._on = False
        connection.settimeout(_PATIENCE)

    def greet(self) -> None:
        """Speak first, then answer until a ROSpec is on. Raises OSError or EOFError."""
        self._connection.sendall(encode_message(_accepted()))
        while not self._on:
            self._answer()

    def send(self, data: memoryview) -> None:
        """Data of the reader's own, and answers to what has been asked meanwhile."""
        if select.select([self._connection], [], [], 0)[0]:
            self._answer()
        self._connection.sendall(data)

    def _answer(self) -> None:
        data = self._connection.recv(1 << 16)
        if not data:
            raise EOFError("the client closed the connection")
        for frame in self._frames.feed(data):
            asked = decode_message(frame)
            self._spec = asked.first("ROSpec") or self._spec
            self._on |= asked.name in ("ENABLE_ROSPEC", "START_ROSPEC")
            if asked.name not in _UNANSWERED:
                answer = Message(f"{asked.name}_RESPONSE", {}, self._told(asked), asked.id, asked.version)
                self._connection.sendall(encode_message(answer))

    def _told(self, asked: Message) -> tuple[Parameter, ...]:
        told: tuple[Parameter, ...] = (Parameter("LLRPStatus"),)
        if asked.name == "GET_READER_CAPABILITIES":
            told += _capabilities()
        elif asked.name == "GET_ROSPECS" and self._spec is not None:
            fields = {**self._spec.fields, "current_state": 2 if self._on else 0}
            told += (Parameter("ROSpec", fields, self._spec.children),)
        return told


def _accepted() -> Message:
    now = Parameter("UTCTimestamp", {"microseconds": time.time_ns() // 1000})
    event = Parameter("ReaderEventNotificationData", {}, (now, Parameter("ConnectionAttemptEvent")))
    return Message("READER_EVENT_NOTIFICATION", {}, (event,))


def _capabilities() -> tuple[Parameter, ...]:
    general: dict[str, Value] = {
        "max_antennas": 4,
        "has_utc_clock": 1,
        "manufacturer": 0,
        "model": 1,
        "firmware": "bench",
    }
    hops = Parameter("FrequencyHopTable", {"hop_table_id": 1, "frequencies": _KHZ})
    modes = Parameter("C1G2UHFRFModeTable", {}, (Parameter("C1G2UHFRFModeTableEntry", {"mode_id": 1}),))
    band = (
        Parameter("TransmitPowerLevelTableEntry", {"index": 1, "power": 3000}),
        Parameter("FrequencyInformation", {"hopping": 1}, (hops,)),
        modes,
    )
    return (
        Parameter("GeneralDeviceCapabilities", general, (Parameter("GPIOCapabilities"),)),
        Parameter("RegulatoryCapabilities", {}, (Parameter("UHFBandCapabilities", {}, band),)),
    )
