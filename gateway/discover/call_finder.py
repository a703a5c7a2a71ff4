"""Readers that call in (reader-initiated LLRP): somebody listens for them, and asks who they are."""

import asyncio
from dataclasses import replace

from gateway.discover.finding import Report, Value
from gateway.discover.known import Known
from gateway.discover.visit import finding, greet

MOST_CALLERS = 64
"""Hosts that are asked; others are hung up on, and counted."""


class CallFinder:
    """Listens on `host`:`port`."""

    name = "calls"

    def __init__(self, known: Known, host: str, port: int) -> None:
        self._known = known
        self._host = host
        self._port = port
        self._visits: dict[str, asyncio.Task[None]] = {}
        self._more = 0

    async def find(self, report: Report, until: float) -> None:
        """Who calls until then. Raises OSError if somebody else listens there."""

        def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            host = writer.get_extra_info("peername")[0]
            if host in self._visits:
                writer.transport.abort()  # it calls again, since nobody stayed on the line
            elif len(self._visits) < MOST_CALLERS:
                self._visits[host] = asyncio.create_task(self._visit(host, reader, writer, report))
            else:
                self._more += 1
                writer.transport.abort()

        try:
            server = await asyncio.start_server(called, self._host, self._port)
        except OSError as error:
            raise OSError(
                f"nobody can listen on {self._where()}: {error.strerror}; if the daemon waits there for a reader, "
                "`waypost status` says who came, else choose another one with --listen"
            ) from None
        report.say(self.name, f"readers may call {self._where()}")
        try:
            await asyncio.sleep(until - asyncio.get_running_loop().time())
        finally:
            server.close()
            await asyncio.gather(*self._visits.values())
        if self._more:
            report.say(self.name, f"{self._more} calls of more than {MOST_CALLERS} hosts were not answered")

    def _where(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    async def _visit(
        self, host: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, report: Report
    ) -> None:
        settings: dict[str, Value] = {"url": f"listen://{self._where()}"}
        found = finding(
            self.name, f"{host} (calls {self._where()})", host, await greet(reader, writer), settings
        )
        report.found(replace(found, known=self._known.listener(self._port)))
