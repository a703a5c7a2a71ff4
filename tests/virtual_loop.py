"""An event loop whose clock jumps to the next timer as soon as nothing else is to be done: hours pass in no time."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

T = TypeVar("T")


class Stuck(Exception):
    """Every task waits for something that will never happen."""


class _Selector(selectors.DefaultSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.in_threads = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.in_threads:
            return super().select(10)
        if timeout is None:
            raise Stuck
        self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time stands still while something runs, in a thread too."""

    def __init__(self) -> None:
        self._jumping = _Selector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def busy(self, seconds: float) -> None:
        """Time that passes while something runs, and the loop looks at nothing else."""
        self._jumping.now += seconds

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        future = super().run_in_executor(executor, func, *args)
        self._jumping.in_threads += 1
        future.add_done_callback(self._back)
        return future

    async def shutdown_default_executor(self) -> None:
        self._jumping.in_threads += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self._jumping.in_threads -= 1

    def _back(self, _: "asyncio.Future[T]") -> None:
        self._jumping.in_threads -= 1


def run(main: Coroutine[Any, Any, T]) -> T:
    """Like asyncio.run, on a loop of virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def busy(seconds: float) -> None:
    """Keep the running loop busy for so long."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.busy(seconds)
