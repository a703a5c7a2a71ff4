"""What waits for the journal before the broker is told that it came, in the order in which it came."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from gateway.broker.connection import Delivery


class Acknowledgements:
    """Bounded by what the connection lets be unacknowledged. `acknowledge` is told of deliveries that are durable."""

    def __init__(self, acknowledge: Callable[[Sequence[Delivery]], None]) -> None:
        self._acknowledge = acknowledge
        self._waiting: deque[tuple[Sequence[Delivery], Sequence[Awaitable[None]]]] = deque()
        self._some = asyncio.Event()

    def add(self, deliveries: Sequence[Delivery], receipts: Sequence[Awaitable[None]]) -> None:
        """Behind the others."""
        self._waiting.append((deliveries, receipts))
        self._some.set()

    async def settle(self) -> None:
        """All that is waiting; what a cancellation interrupts stays. Raises what a receipt raises."""
        while self._waiting:
            deliveries, receipts = self._waiting[0]
            for receipt in receipts:
                await receipt
            self._waiting.popleft()
            self._acknowledge(deliveries)

    async def settle_for_ever(self) -> None:
        """All that comes."""
        while True:
            await self._some.wait()
            self._some.clear()
            await self.settle()
