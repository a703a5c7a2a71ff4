"""A device's web server: scripts of calls to it, each call over a connection of its own."""

import asyncio

from drivers.codecs.errors import ProtocolError
from drivers.codecs.http1 import Response, basic, request
from drivers.codecs.rest import Answer, Call, Script, T
from drivers.streams import Address, Stream, Trust, open_stream

ANSWER_SECONDS = 15.0
"""How long an answer may take, from the request to its end."""

PORT, TLS_PORT = 80, 443


class WebServer:
    """Where it is, whom its certificate has to convince, and the login; `base` stands before every path."""

    def __init__(self, to: Address, trust: Trust, user: str, password: str, base: str) -> None:
        self.to = to
        self.trust = trust
        self.user = user
        self._password = password
        self._base = base

    def request(self, call: Call) -> bytes:
        """As it is sent. The connection is for this request alone."""
        host = f"[{self.to.host}]" if ":" in self.to.host else self.to.host
        usual = self.to.port == (TLS_PORT if self.to.scheme == "https" else PORT)
        headers = {
            "Host": host if usual else f"{host}:{self.to.port}",
            "Authorization": basic(self.user, self._password),
            "Accept": "application/json",
            "Connection": "close",
        }
        content = call.content()
        if content:
            headers["Content-Type"] = "application/json"
        return request(call.method, self._base + call.path, headers, content)

    async def carry_out(self, script: Script[T]) -> T:
        """What the script comes to. Raises what it raises, OSError, EOFError and ProtocolError."""
        try:
            call = next(script)
            while True:
                call = script.send(await self._answer(call))
        except StopIteration as end:
            result: T = end.value
            return result

    async def _answer(self, call: Call) -> Answer:
        async with open_stream(self.to, self.trust) as stream:
            stream.write(self.request(call))
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await _received(stream)
            except TimeoutError:
                raise ProtocolError(f"{call} was not answered within {ANSWER_SECONDS:g} s") from None


async def _received(stream: Stream) -> Answer:
    response, answer = Response(), Answer()
    while not response.ended:
        data = b""
        try:
            data = await stream.read(asyncio.get_running_loop().time() + ANSWER_SECONDS)
        except EOFError:
            response.close()
        for part in response.feed(data):
            answer.take(part)
        if response.error is not None:
            raise response.error
    return answer
