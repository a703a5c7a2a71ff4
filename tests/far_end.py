"""The far end of a stream that a test opens."""

import asyncio


class Far(asyncio.Protocol):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.received = b""
        self.connected: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.connected.set_result(transport)

    def data_received(self, data: bytes) -> None:
        self.received += data

    def connection_lost(self, error: Exception | None) -> None:
        self.gone.set()
