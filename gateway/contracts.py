"""What the writer needs of the pipeline and of the journal, and nothing more."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from core.events import Event, Gap
from core.records import Input


class Decided(Protocol):
    """What one step of the pipeline decided."""

    @property
    def events(self) -> Sequence[Event]: ...

    @property
    def gaps(self) -> Sequence[Gap]: ...


class Decider(Protocol):
    """The pipeline: deterministic, without a clock."""

    def step(self, input: Input, /) -> Decided: ...

    def snapshot(self) -> bytes: ...


class Store(Protocol):
    """The journal, called in one thread of its own. Any method may raise sqlite3.Error or OSError."""

    def commit(
        self,
        inputs: Sequence[Input],
        events: Sequence[Event],
        gaps: Sequence[Gap],
        snapshot: bytes | None = None,
    ) -> object: ...

    def set_aside(self, input: Input, error: str) -> object: ...

    def reopen(self) -> object: ...

    def snapshot(self) -> "tuple[int, bytes] | None": ...

    def inputs(self, after: int) -> "Iterator[tuple[int, Input]] | Iterable[tuple[int, Input]]": ...
