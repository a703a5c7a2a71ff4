"""Presence: a tag comes and goes, is read now and then while it is there, and never while it is not.

Epochs of a second; in each a tag that is there is read with a given probability, in up to `ROUNDS` rounds; how long it
stays and is away is geometric. Errors are wrong tag-epochs, present or absent, of the intervals that a decider tells in
the end: ours dates a departure back to the last good read.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.site import Antenna, Site, Source, Zone
from gateway.bench.accuracy_figures import Figure
from gateway.bench.accuracy_reads import Labelled, replayed

SECOND = 1_000_000
START = 1_767_225_600_000_000
ROUNDS = 4
LAG = 5
QUIET = 120
"""Epochs after the end in which a silence may be noticed."""
Epochs = NDArray[np.bool_]
"""bool[tags, epochs]."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A two-state chain: the probability of a read in an epoch, and the mean epochs in and out."""

    read: float
    stay: float
    away: float

    def __str__(self) -> str:
        return f"p = {self.read}, {self.stay:.0f}/{self.away:.0f} epochs"


CHAINS = (
    Chain(0.3, 50, 50),
    Chain(0.5, 50, 50),
    Chain(0.7, 50, 50),
    Chain(0.7, 500, 500),
    Chain(0.9, 50, 50),
)


def presence_figures(tags: int = 60, epochs: int = 1_500) -> Iterator[Figure]:
    """Wrong tag-epochs of every decider on every chain, with an interval over tags."""
    for n, chain in enumerate(CHAINS):
        there, counts = played(chain, tags, epochs, n + 1)
        heard = counts > 0
        told = {
            "waypost": ours(counts, n + 1),
            "HMM lag 5": smoothed(heard, chain, LAG),
            "HMM causal": smoothed(heard, chain, 0),
            "best timeout": best_timeout(heard, there),
            "window 5": within(heard, 5),
            "SMURF": smurf(counts),
        }
        for column, said in told.items():
            yield _figure(chain, column, (said != there).mean(axis=1))


def _figure(chain: Chain, column: str, errors: NDArray[np.float64]) -> Figure:
    draws = np.random.default_rng(1).choice(errors, (400, len(errors))).mean(axis=1)
    low, high = np.percentile(draws, (2.5, 97.5))
    return Figure(
        "presence",
        str(chain),
        "wrong tag-epochs",
        column,
        float(errors.mean()),
        "",
        float(low),
        float(high),
        len(errors),
    )


def played(chain: Chain, tags: int, epochs: int, seed: int) -> tuple[Epochs, NDArray[np.int64]]:
    """Where the tags truly are, and in how many rounds of each epoch they were read."""
    rng = np.random.default_rng([seed, 8])
    there = np.empty((tags, epochs), np.bool_)
    now = rng.random(tags) < chain.stay / (chain.stay + chain.away)
    for epoch in range(epochs):
        there[:, epoch] = now
        leaves = rng.random(tags) < np.where(now, 1.0 / chain.stay, 1.0 / chain.away)
        now = now ^ leaves
    each = 1.0 - (1.0 - chain.read) ** (1.0 / ROUNDS)
    return there, rng.binomial(ROUNDS, each, there.shape) * there


def ours(counts: NDArray[np.int64], seed: int) -> Epochs:
    """A zone whose presence ends by silence, through the daemon's own pipeline."""
    tags = len(counts)
    tag, epoch = (np.repeat(rows, counts[np.nonzero(counts)]) for rows in np.nonzero(counts))
    # somebody else's tag is heard for a while more, so that time goes on and silences are noticed
    after = counts.shape[1] + np.arange(QUIET)
    tag, epoch = np.concatenate((tag, np.full(QUIET, tags))), np.concatenate((epoch, after))
    rng = np.random.default_rng([seed, 9])
    time = START + ((epoch + rng.random(len(epoch))) * SECOND).astype(np.int64)
    order = np.argsort(time, kind="stable")
    n = len(order)
    ones, flat = np.ones(n, np.int32), np.full(n, -60.0, np.float32)
    reads = Labelled(
        time[order],
        time[order],
        tag[order].astype(np.int32),
        ones - 1,
        ones.astype(np.uint16),
        ones,
        flat,
        flat,
    )
    epcs = tuple(f"{(0x30 << 88) + number:024X}" for number in range(tags + 1))
    code = {epc: number for number, epc in enumerate(epcs)}
    site = Site("bench", (Zone("hall"),), (), (Source("reader", (Antenna(1, zone="hall"),)),))
    there = np.zeros(counts.shape, np.bool_)
    since: dict[int, int] = {}
    for event in sorted(replayed(site, ("reader",), epcs, reads), key=lambda event: event.time):
        at = (event.time - START) // SECOND
        if event.tag is None or event.tag == epcs[tags]:
            continue
        if event.kind == "arrived":
            since[code[event.tag]] = at
        elif event.kind == "departed":
            there[code[event.tag], since.pop(code[event.tag], at) : at + 1] = True
    for number, at in since.items():
        there[number, at:] = True
    return there


def smoothed(heard: Epochs, chain: Chain, lag: int) -> Epochs:
    """The Bayes decision of the chain with its true parameters, `lag` epochs later (Rabiner 1989, forward-backward)."""
    leave, come = 1.0 / chain.stay, 1.0 / chain.away
    tags, epochs = heard.shape
    seen = np.where(heard, chain.read, 1.0 - chain.read), np.where(heard, 0.0, 1.0)
    there = np.empty((epochs, tags))
    p = np.full(tags, chain.stay / (chain.stay + chain.away))
    for epoch in range(epochs):
        if epoch:
            p = p * (1.0 - leave) + (1.0 - p) * come
        yes, no = p * seen[0][:, epoch], (1.0 - p) * seen[1][:, epoch]
        there[epoch] = p = yes / (yes + no)
    said = np.empty(heard.shape, np.bool_)
    for epoch in range(epochs):
        yes, no = np.ones(tags), np.ones(tags)
        for ahead in range(min(epoch + lag, epochs - 1), epoch, -1):
            after = yes * seen[0][:, ahead], no * seen[1][:, ahead]
            yes = (1.0 - leave) * after[0] + leave * after[1]
            no = come * after[0] + (1.0 - come) * after[1]
        said[:, epoch] = there[epoch] * yes > (1.0 - there[epoch]) * no
    return said


def within(heard: Epochs, epochs: int) -> Epochs:
    """Present in every epoch in which, or in the `epochs` - 1 before which, the tag was heard."""
    total = np.cumsum(heard, axis=1)
    before = np.zeros_like(total)
    before[:, epochs:] = total[:, :-epochs]
    return np.asarray(total > before)


def best_timeout(heard: Epochs, there: Epochs) -> Epochs:
    """The fixed window that is best in hindsight."""
    several = [within(heard, epochs) for epochs in range(1, 40)]
    return min(several, key=lambda said: int(np.count_nonzero(said != there)))


def smurf(counts: NDArray[np.int64], delta: float = 0.05) -> Epochs:
    """Adaptive windows (Jeffery and others, VLDB 2006), with the read probability of an epoch of several rounds.

    w* = ceil(ln(1/delta) / p); a longer window is reached by 2 epochs at a time; it is halved when fewer epochs than
    p says had reads, by more than two standard deviations; an empty window becomes 1.
    """
    said = np.zeros(counts.shape, np.bool_)
    for tag, row in enumerate(counts.tolist()):
        window = 1
        for epoch in range(len(row)):
            inside = row[max(0, epoch - window + 1) : epoch + 1]
            read = [count for count in inside if count]
            said[tag, epoch] = bool(read)
            if not read:
                window = 1
                continue
            p = 1.0 - (1.0 - sum(read) / (len(read) * ROUNDS)) ** ROUNDS
            wanted = math.ceil(math.log(1.0 / delta) / max(p, 1e-6))
            size = len(inside)
            if wanted > window:
                window = max(min(window + 2, wanted), 1)
            elif size * p - len(read) > 2.0 * math.sqrt(size * p * (1.0 - p)):
                window = max(min(window // 2, wanted), 1)
    return said
