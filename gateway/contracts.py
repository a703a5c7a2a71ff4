"""What the writer needs of the pipeline and of the journal, and nothing more."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.events import Event, Gap
from core.inbox import Listed
from core.records import Input


class News(Protocol):
    """What is to be told."""

    @property
    def events(self) -> Sequence[Event]: ...

    @property
    def gaps(self) -> Sequence[Gap]: ...


class Decided(News, Protocol):
    """What one step of the pipeline decided, and which rows of an input of fixes the journal need keep; None = all."""

    @property
    def fresh(self) -> NDArray[np.int64] | None: ...


class Decider(Protocol):
    """The pipeline: deterministic, without a clock."""

    def step(self, input: Input, /) -> Decided: ...

    def snapshot(self) -> bytes: ...

    def adopt(self, events: Iterable[Event], now: int, /) -> Decided: ...

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]: ...

    @property
    def unknown_tags(self) -> int: ...

    def inbox(self, limit: int, /) -> Sequence[Listed]: ...


class Restorer(Protocol):
    """How a pipeline comes to be: empty for the configured site, or from a snapshot.

    `restore` raises IncompatibleSnapshot for a snapshot of another version or configuration.
    """

    def fresh(self) -> Decider: ...

    def restore(self, data: bytes, /) -> Decider: ...


class Store(Protocol):
    """The journal, called in one thread of its own. Any method may raise sqlite3.Error or OSError.

    overgrown  `tend` has something to do; asked by the loop, while nothing is done in that thread
    """

    @property
    def overgrown(self) -> bool: ...

    def commit(
        self,
        inputs: Sequence[Input],
        events: Sequence[Event],
        gaps: Sequence[Gap],
        snapshot: bytes | None = None,
    ) -> object: ...

    def set_aside(self, input: Input, error: str) -> object: ...

    def reopen(self) -> "Reopened": ...

    def tend(self) -> object: ...

    def snapshot(self) -> tuple[int, bytes] | None: ...

    def inputs(self, after: int) -> Iterable[tuple[int, Input]]: ...


class Reopened(Protocol):
    """How the journal was found; `state` is "replaced" when it was damaged and begins anew."""

    @property
    def state(self) -> str: ...

    @property
    def reason(self) -> str: ...


class Past(Protocol):
    """What recovery reads: the journal, or what is left of a damaged one."""

    def snapshot(self) -> tuple[int, bytes] | None: ...

    def inputs(self, after: int) -> Iterable[tuple[int, Input]]: ...
