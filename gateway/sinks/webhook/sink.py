"""The sink: each batch in one or more signed requests, one after the other, in a thread of its own."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Literal, TypeVar

from gateway.sinks.contract import Batch, Hole, Line, Lost, Position, Refused
from gateway.sinks.webhook.answers import judge, wait
from gateway.sinks.webhook.body import Body, bodies
from gateway.sinks.webhook.exchange import Exchange
from gateway.sinks.webhook.settings import WebhookSettings
from gateway.sinks.webhook.signature import HEADER, signature
from gateway.sinks.webhook.target import Target, revealed, target

Sleep = Callable[[float], Awaitable[object]]
T = TypeVar("T")


class WebhookSink:
    """See `gateway.sinks.contract.Sink`. Delivery is at least once: the idempotency key and the rows' ids tell doubles.

    folder   of the configuration file, from which relative paths count
    now      microseconds UTC
    version  of Waypost
    """

    name: Literal["webhook"] = "webhook"
    begins: Literal["first", "now"] = "now"

    def __init__(
        self,
        settings: WebhookSettings,
        folder: Path,
        now: Callable[[], int],
        version: str,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.streams = settings.streams
        self._settings = settings
        self._folder = folder
        self._now = now
        self._version = version
        self._sleep = sleep
        self._put_off = 0.0
        self._thread: ThreadPoolExecutor | None = None
        self._target: Target | None = None
        self._exchange: Exchange | None = None
        self._secret: str | None = None

    async def open(self) -> None:
        """Connect, not before the time that the receiver has named."""
        loop = asyncio.get_running_loop()
        if (rest := self._put_off - loop.time()) > 0:
            await self._sleep(rest)
        self._thread = thread = ThreadPoolExecutor(1, "webhook")
        secret = self._settings.secret
        self._secret = None if secret is None else revealed(secret, "secret")
        self._target = await loop.run_in_executor(thread, target, self._settings, self._folder)
        self._exchange = Exchange(self._target, self._settings.timeout)
        await self._do(self._exchange.connect)

    async def position(self, line: Line) -> Position | None:
        """A receiver tells nothing of its account."""
        return None

    async def write(self, batch: Batch) -> None:
        """Returns when every request was answered with 2xx."""
        for body in bodies(batch):
            await self._send(body)

    async def account(self, hole: Hole) -> None:
        """A receiver sees by `first` and `last` that something is missing."""

    async def redeem(self, batch: Batch) -> None:
        """As `write`."""
        await self.write(batch)

    async def tend(self) -> bool:
        """A receiver needs nothing, and is asked nothing while there is nothing to send."""
        return False

    async def close(self) -> None:
        """What still blocks in the thread ends by itself."""
        thread, exchange = self._thread, self._exchange
        self._thread = self._exchange = None
        if exchange is not None:
            exchange.abort()
        if thread is not None:
            if exchange is not None:
                thread.submit(exchange.close)
            thread.shutdown(wait=False)

    async def _send(self, body: Body) -> None:
        exchange, where = self._exchange, self._target
        if exchange is None or where is None:
            raise Lost("webhook: not connected")
        answer = await self._do(lambda: exchange.post(body.data, self._headers(body, where)))
        now = asyncio.get_running_loop().time()
        self._put_off = now + wait(answer, self._now())
        shown = self._settings.url.startswith("http")
        judge(answer, str(where), f"{where}{where.path}", shown)
        self._put_off = 0.0

    def _headers(self, body: Body, where: Target) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"waypost/{self._version}",
            "Idempotency-Key": body.key,
        }
        if self._secret is not None:
            headers[HEADER] = signature(self._secret, body.data, self._now())
        if where.authorization is not None:
            headers["Authorization"] = where.authorization
        return headers

    async def _do(self, work: Callable[[], T]) -> T:
        """In the thread, and not for longer than `timeout`. Raises Lost and Refused."""
        thread, exchange, where, seconds = self._thread, self._exchange, self._target, self._settings.timeout
        assert thread is not None
        assert exchange is not None
        doing = asyncio.get_running_loop().run_in_executor(thread, work)
        doing.add_done_callback(_look)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(doing)
        except TimeoutError:
            exchange.abort()
            raise Lost(f"{where} did not answer within {seconds:g} s") from None
        except asyncio.CancelledError:
            exchange.abort()
            raise
        except ssl.SSLCertVerificationError as error:
            raise Refused(
                f"the certificate of {where} is not to be trusted: {error.verify_message}; correct url, or set ca in "
                "[webhook] to the authority that signed it"
            ) from None
        except OSError as error:
            raise Lost(f"{where} cannot be reached: {error.strerror or error}") from None
        except HTTPException as error:
            raise Lost(f"{where} does not answer as a web server does: {type(error).__name__}") from None


def _look(doing: "asyncio.Future[T]") -> None:
    """So that what nobody waits for any more is not taken for a fault."""
    if not doing.cancelled():
        doing.exception()
