"""The socket beside the journal over which a running daemon is spoken to.

One request, a JSON object on one line: {"command": "status"}, {"command": "unknown", "limit": TAGS}, {"command":
"watch"}, {"command": "capture", "device": ID} or {"command": "quarantine", "sink": NAME, "decision": "retry" or
"drop"}. The answer is one JSON object per line; `watch` and `capture` go on until the client closes. An error is
{"error": TEXT}.
"""

import asyncio
import base64
import json
import logging
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from pathlib import Path

from core.events import rfc3339
from gateway.link import DeviceLink
from gateway.live import Live
from gateway.sinks.contract import Lost, Refused
from gateway.sinks.redress import DECISIONS, Decision, Settled

log = logging.getLogger(__name__)

LONGEST_REQUEST = 4096
CLIENTS = 16
"""Connections at a time; more are refused with an error."""
SHOWN = 1_000
"""Unknown tags in an answer when the client does not say how many, and `MOST` that it may ask for."""
MOST = 10_000
CAPTURE_CHUNKS = 1024
"""Chunks of captured bytes that may wait for a slow client; more are dropped and counted in the stream."""

Json = Mapping[str, object]


class Busy(Exception):
    """Another daemon answers on this socket."""


def socket_path(journal: Path) -> Path:
    """The socket of the daemon that owns the journal."""
    return journal.with_name(journal.name + ".sock")


class Control:
    """Serves the socket for one daemon."""

    def __init__(
        self,
        path: Path,
        links: Mapping[str, DeviceLink],
        status: Callable[[], Json],
        unknown: Callable[[int], Json],
        settle: Callable[[str, Decision], Awaitable[Settled]],
        now: Callable[[], int],
    ) -> None:
        self._path = path
        self._links = links
        self._status = status
        self._unknown = unknown
        self._settle = settle
        self._now = now
        self._clients: set[asyncio.Task[None]] = set()

    async def serve(self) -> asyncio.Server:
        """Listen. Raises Busy if another daemon does, OSError if the place is not usable."""
        _clear(self._path)
        server = await asyncio.start_unix_server(self._accept, self._path, limit=LONGEST_REQUEST)
        self._path.chmod(0o660)
        return server

    async def close(self, server: asyncio.Server) -> None:
        """No clients any more, no socket any more."""
        server.close()
        for client in tuple(self._clients):
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:  # the next daemon clears it away
            log.warning("the control socket %s is left behind: %s", self._path, error.strerror)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._client(reader, writer))
        self._clients.add(task)
        task.add_done_callback(self._clients.discard)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        except (OSError, EOFError) as error:
            log.debug("a client of the control socket left: %s", error)
        except Exception:
            log.exception("a request on the control socket failed")
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._clients) > CLIENTS:
                raise ValueError(f"{CLIENTS} clients are connected already; close one")
            request = json.loads(await reader.readline())
            answers = self._answers(request)
        except ValueError as error:  # also what readline raises for an overlong line
            await _send(writer, {"error": f"bad request: {error}"})
            return
        gone = asyncio.ensure_future(reader.read(1))
        talk = asyncio.ensure_future(_talk(writer, answers))
        try:
            await asyncio.wait({gone, talk}, return_when=asyncio.FIRST_COMPLETED)
            if talk.done():
                talk.result()
        finally:
            gone.cancel()
            talk.cancel()
            await asyncio.gather(gone, talk, return_exceptions=True)

    def _answers(self, request: object) -> AsyncGenerator[Json, None]:
        command = request.get("command") if isinstance(request, dict) else None
        if command == "status":
            return _one(self._status())
        if command == "unknown" and isinstance(request, dict):
            return _one(self._unknown(_limit(request.get("limit", SHOWN))))
        if command == "watch":
            return self._watch()
        if command == "capture" and isinstance(request, dict):
            device = str(request.get("device"))
            if device not in self._links:
                raise ValueError(f"no device {device}; known: {', '.join(sorted(self._links))}")
            return self._capture(self._links[device])
        if command == "quarantine" and isinstance(request, dict):
            return self._quarantine(str(request.get("sink")), request.get("decision"))
        raise ValueError("the commands are status, unknown, watch, capture and quarantine")

    async def _quarantine(self, sink: str, asked: object) -> AsyncGenerator[Json, None]:
        decision = DECISIONS.get(str(asked))
        if decision is None:
            yield {"error": f"{asked!r} is no decision: retry or drop"}
            return
        try:
            settled = await self._settle(sink, decision)
        except (ValueError, Lost, Refused) as error:
            yield {"error": str(error)}
        else:
            yield {"sink": sink, "settled": settled.settled, "left": settled.left}

    async def _watch(self) -> AsyncGenerator[Json, None]:
        live = Live()
        for link in self._links.values():
            link.watchers.add(live.watch)
        loop = asyncio.get_running_loop()
        try:
            before = loop.time()
            while True:
                await asyncio.sleep(1)
                seconds, before = loop.time() - before, loop.time()
                states = {name: link.health.state for name, link in self._links.items()}
                yield {
                    "time": rfc3339(self._now()),
                    "devices": states,
                    "antennas": live.rows(seconds, self._now()),
                }
        finally:
            for link in self._links.values():
                link.watchers.discard(live.watch)

    async def _capture(self, link: DeviceLink) -> AsyncGenerator[Json, None]:
        chunks: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(CAPTURE_CHUNKS)
        dropped = 0

        def tap(data: bytes) -> None:
            nonlocal dropped
            if chunks.full():
                dropped += 1
            else:
                chunks.put_nowait((self._now(), bytes(data)))

        link.taps.add(tap)
        try:
            while True:
                time, data = await chunks.get()
                yield {"time": rfc3339(time), "data": base64.b64encode(data).decode(), "dropped": dropped}
        finally:
            link.taps.discard(tap)


def _limit(asked: object) -> int:
    if not isinstance(asked, int) or not 1 <= asked <= MOST:
        raise ValueError(f"limit {asked!r} is no number of tags from 1 to {MOST}")
    return asked


async def _one(answer: Json) -> AsyncGenerator[Json, None]:
    yield answer


async def _talk(writer: asyncio.StreamWriter, answers: AsyncGenerator[Json, None]) -> None:
    async with aclosing(answers):
        async for answer in answers:
            await _send(writer, answer)


async def _send(writer: asyncio.StreamWriter, answer: Json) -> None:
    writer.write(json.dumps(answer).encode() + b"\n")
    await writer.drain()


def _clear(path: Path) -> None:
    """Remove the socket that a dead daemon left; a living one is not disturbed."""
    if len(os.fsencode(path)) > 107:
        raise OSError(f"the control socket's path {path} is longer than 107 bytes; move the journal")
    probe = socket.socket(socket.AF_UNIX)
    try:
        probe.connect(os.fspath(path))
    except FileNotFoundError:
        return
    except ConnectionRefusedError:
        path.unlink()
        return
    finally:
        probe.close()
    raise Busy(f"another daemon is running on this journal: it answers at {path}; stop it first")
