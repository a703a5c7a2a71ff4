"""Where the pipeline stood: the last snapshot, then every input after it once more; outputs are not written again."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from core.pipeline import Pipeline
from core.records import Input
from core.site import Site
from core.snapshot import IncompatibleSnapshot
from gateway.contracts import Decider, Past, Restorer
from gateway.quarantine import Salvage
from gateway.signs import Sign, advance, unpack

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pipelines:
    """Pipelines of one site."""

    site: Site

    def fresh(self) -> Decider:
        """Before the first record."""
        return Pipeline(self.site)

    def restore(self, data: bytes) -> Decider:
        """From a snapshot; raises IncompatibleSnapshot."""
        return Pipeline.restore(self.site, data)


@dataclass(frozen=True, slots=True)
class Recovered:
    """The pipeline after everything that the journal holds, and what is known of each source's life.

    snapshot  used; none: there was none; refused: it is of another configuration or version, so that the pipeline may
              see today what it did not say then, and has to adopt what was said
    stepped   inputs that were stepped again
    skipped   inputs that were not: of devices that are not configured any more, or that the pipeline refuses
    """

    pipeline: Decider
    signs: dict[str, Sign]
    snapshot: Literal["used", "none", "refused"]
    stepped: int
    skipped: int


def recover(past: Past, restorer: Restorer, known: frozenset[str]) -> Recovered:
    """Rebuild the state from the inputs of the `known` sources.

    An input of the journal that the pipeline cannot take (any more) is told and left out: what an older version
    wrote must not stop a site.
    """
    skip: set[int] = set()
    while True:
        try:
            return _attempt(past, restorer, known, skip)
        except _Refused as refused:
            log.error(
                "input %d of the journal is left out, the pipeline fails on it: %s", refused.seq, refused
            )
            skip.add(refused.seq)


class _Refused(Exception):
    def __init__(self, seq: int, text: str) -> None:
        super().__init__(text)
        self.seq = seq


def _attempt(past: Past, restorer: Restorer, known: frozenset[str], skip: set[int]) -> Recovered:
    pipeline, signs, start, snapshot = _start(past, restorer)
    stepped = skipped = 0
    for seq, input in past.inputs(start):
        if seq in skip or input.source not in known:
            skipped += 1
            continue
        try:
            pipeline.step(input)
        except Exception as error:
            raise _Refused(seq, f"{type(error).__name__}: {error}") from error
        advance(signs, input)
        stepped += 1
    return Recovered(pipeline, signs, snapshot, stepped, skipped)


def _start(
    past: Past, restorer: Restorer
) -> tuple[Decider, dict[str, Sign], int, Literal["used", "none", "refused"]]:
    saved = past.snapshot()
    if saved is None:
        return restorer.fresh(), {}, 0, "none"
    seq, data = saved
    try:
        signs, state = unpack(data)
        return restorer.restore(state), signs, seq, "used"
    except (ValueError, IncompatibleSnapshot) as error:
        log.warning("the state is rebuilt from the journal: %s", error)
        return restorer.fresh(), {}, 0, "refused"


@dataclass(frozen=True, slots=True)
class Wreck:
    """What is left of a damaged journal, as recovery reads it."""

    salvage: Salvage

    def snapshot(self) -> tuple[int, bytes] | None:
        """The newest sound one."""
        found = self.salvage.snapshot()
        return None if found is None else (found.inputs, found.data)

    def inputs(self, after: int) -> Iterable[tuple[int, Input]]:
        """Those that can still be read."""
        return self.salvage.inputs(after)
