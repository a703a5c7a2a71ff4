"""Where the pipeline stood: the last snapshot, then every input after it once more; outputs are not written again."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from gateway.contracts import Decider, Store
from gateway.signs import NEVER, Sign, after, unpack

log = logging.getLogger(__name__)

P = TypeVar("P", bound=Decider)


class Restorer(Protocol[P]):
    """How a pipeline comes to be: empty for the configured site, or from a snapshot of the same configuration."""

    def fresh(self) -> P: ...

    def restore(self, data: bytes) -> P: ...


@dataclass(frozen=True, slots=True)
class Recovered(Generic[P]):
    """The pipeline after everything that the journal holds, and what is known of each source's life."""

    pipeline: P
    signs: dict[str, Sign]
    stepped: int


def recover(store: Store, restorer: Restorer[P], poisoned: Callable[[int, str], object]) -> Recovered[P]:
    """Rebuild the state. An input of the journal that the pipeline can no longer take is told to `poisoned`
    (with its position and the error) and left out: the journal of an older version must not stop a site.
    """
    skip: set[int] = set()
    while True:
        try:
            return _attempt(store, restorer, skip)
        except _Refused as refused:
            log.error("input %d of the journal fails and is left out: %s", refused.seq, refused)
            poisoned(refused.seq, str(refused))
            skip.add(refused.seq)


class _Refused(Exception):
    def __init__(self, seq: int, text: str) -> None:
        super().__init__(text)
        self.seq = seq


def _attempt(store: Store, restorer: Restorer[P], skip: set[int]) -> Recovered[P]:
    pipeline, signs, seq = _start(store, restorer)
    stepped = 0
    for seq, input in store.inputs(seq):
        if seq in skip:
            continue
        try:
            pipeline.step(input)
        except Exception as error:
            raise _Refused(seq, f"{type(error).__name__}: {error}") from error
        signs[input.source] = after(signs.get(input.source, NEVER), input.arrival, input.body)
        stepped += 1
    return Recovered(pipeline, signs, stepped)


def _start(store: Store, restorer: Restorer[P]) -> tuple[P, dict[str, Sign], int]:
    saved = store.snapshot()
    if saved is None:
        return restorer.fresh(), {}, 0
    seq, data = saved
    try:
        signs, state = unpack(data)
        return restorer.restore(state), signs, seq
    except ValueError as error:
        log.warning("the state is rebuilt from the journal: %s", error)
        return restorer.fresh(), {}, 0
