"""Joining what one device sent in small pieces, so that the pipeline steps once per source and cycle."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.records import Input, Reads, Shift
from gateway.intake import Taken


@dataclass(frozen=True, slots=True)
class Merged:
    """One input for the pipeline, and the pieces it was made of."""

    input: Input
    parts: Sequence[Taken]


def merge(taken: Iterable[Taken]) -> list[Merged]:
    """Reads of one source that follow each other and share a dictionary become one input.

    The order inside a source is kept; between sources it may move by one cycle, as if the network had been
    that much slower. A re-anchored clock is a fence for all.
    """
    runs: list[list[Taken]] = []
    open_runs: dict[str, list[Taken]] = {}
    for one in taken:
        source, body = one.input.source, one.input.body
        run = open_runs.get(source)
        if isinstance(body, Shift):
            open_runs.clear()
        if run is not None and _joins(run[-1].input.body, body):
            run.append(one)
            continue
        open_runs[source] = [one]
        runs.append(open_runs[source])
    return [Merged(_joined(run), run) for run in runs]


def _joins(before: object, body: object) -> bool:
    return (
        isinstance(before, Reads)
        and isinstance(body, Reads)
        and before.tags is body.tags
        and (before.phase is None) == (body.phase is None)
        and (before.doppler is None) == (body.doppler is None)
        and (before.channel is None) == (body.channel is None)
    )


def _joined(run: Sequence[Taken]) -> Input:
    last = run[-1].input
    if len(run) == 1:
        return last
    bodies = [one.input.body for one in run if isinstance(one.input.body, Reads)]
    return Input(last.source, last.arrival, concatenate(bodies))


def cut(input: Input, rows: int) -> tuple[Input, Input | None]:
    """The first rows of an input of reads, and the rest if there is one; any other input is in one piece."""
    body = input.body
    if not isinstance(body, Reads) or len(body) <= rows:
        return input, None
    first, rest = body.slice(0, rows), body.slice(rows, len(body))
    return replace(input, body=first), replace(input, body=rest)


def concatenate(bodies: Sequence[Reads]) -> Reads:
    """One batch of all rows; the batches share one dictionary and have the same columns."""
    phases = [one.phase for one in bodies if one.phase is not None]
    dopplers = [one.doppler for one in bodies if one.doppler is not None]
    channels = [one.channel for one in bodies if one.channel is not None]
    return Reads(
        bodies[0].tags,
        np.concatenate([one.time for one in bodies]),
        np.concatenate([one.tag for one in bodies]),
        np.concatenate([one.antenna for one in bodies]),
        np.concatenate([one.rssi for one in bodies]),
        np.concatenate([one.count for one in bodies]),
        np.concatenate(phases) if phases else None,
        np.concatenate(dopplers) if dopplers else None,
        np.concatenate(channels) if channels else None,
    )
