"""How a reader takes its turns: antennas one after the other, hops, and which tag answers in which round.

EPCglobal Gen2 (ISO/IEC 18000-63), table of flag persistence: in session S0 a tag answers in every round; in S1 it keeps
to itself for 0.5 to 5 s that it was read, powered or not; in S2 and S3 as long as it has power and 2 s or more after.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulators.air import Array
from simulators.radio import FCC_KHZ, HOP

Session = Literal["S0", "S1", "S2"]
Channels = Literal["fcc", "etsi"]
ETSI_KHZ = (865_700, 866_300, 866_900, 867_500)
"""The four high-power channels of ETSI EN 302 208, lower band, in kHz."""
_STAYS = 4.0  # s on a channel, the longest that EN 302 208 lets a reader transmit without a pause


@dataclass(frozen=True, slots=True)
class Reading:
    """A reader's settings.

    dwell        s that it listens to one antenna before it takes the next
    rate         tags/s at most; mode tables say 76 to 525, the best second of a four-antenna reader was 211
    sensitivity  dBm; -82 to -84 in data sheets of fixed readers, -70 of cheap ones
    success      share of the answers that come through although tag and reader hear each other
    session      what tags that were read do in the next rounds
    noise        dB standard deviation of a reported RSSI
    """

    dwell: float = 0.1
    rate: float = 150.0
    sensitivity: float = -82.0
    success: float = 0.9
    session: Session = "S0"
    channels: Channels = "fcc"
    noise: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Slots:
    """The rounds of a reader: its n-th antenna int[slots], kHz float64[slots], index of the channel from 1, the
    middle of each round in s, and how long a round takes."""

    antenna: NDArray[np.intp]
    khz: Array
    channel: NDArray[np.uint8]
    seconds: Array
    length: float


_ROUND = 0.04  # s; a turn is cut into rounds of about this length


def slots(reading: Reading, antennas: int, seconds: float, rng: np.random.Generator) -> Slots:
    """The rounds of an episode; it begins anywhere in the cycle and the hop table."""
    rounds = max(1, round(reading.dwell / _ROUND))
    length = reading.dwell / rounds
    n = np.arange(max(1, int(np.ceil(seconds / length))))
    turn = n // rounds + int(rng.integers(antennas))
    table = np.array(FCC_KHZ if reading.channels == "fcc" else ETSI_KHZ)
    order = rng.permutation(len(table))
    hop = HOP if reading.channels == "fcc" else _STAYS
    middle = (n + 0.5).astype(np.float64) * length
    channel = order[((middle + rng.uniform(0.0, hop)) / hop).astype(np.int64) % len(table)]
    return Slots(
        turn % antennas, table[channel].astype(np.float64), (channel + 1).astype(np.uint8), middle, length
    )


def answers(
    chance: Array,
    powered: NDArray[np.bool_],
    back: Array,
    slots: Slots,
    reading: Reading,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Which tag is read in which round: bool[slots, tags].

    chance   float64[slots, tags]  that a read succeeds if nobody else answers
    powered  bool[slots, tags]     whether the chip has power
    back     float64[tags]         s for which a tag keeps in S1 and S2 that it was read

    A crowd gets its shares in turn and not by luck: who was read in a round stands back until it ends.
    """
    heard = rng.random(chance.shape) < chance
    share = reading.rate * slots.length
    luck = rng.random(len(back))
    if reading.session == "S0":
        crowd = np.maximum(chance.sum(axis=1), 1e-9)
        served = np.floor(np.cumsum(heard * np.minimum(1.0, share / crowd)[:, None], axis=0) + luck)
        return np.diff(served, axis=0, prepend=np.zeros((1, len(luck)))) > 0
    return _in_session(heard, powered, back, slots, share, reading.session, luck)


def _in_session(
    heard: NDArray[np.bool_],
    powered: NDArray[np.bool_],
    back: Array,
    slots: Slots,
    share: float,
    session: Session,
    luck: Array,
) -> NDArray[np.bool_]:
    read = np.zeros(heard.shape, np.bool_)
    since = np.full(heard.shape[1], -np.inf)
    credit = luck.copy()
    for n, now in enumerate(slots.seconds):
        if session == "S2":
            # the flag lives as long as there is power
            since = np.where(powered[n] & (now - since <= back + 2.0), now, since)
            asks = heard[n] & (now - since > back + 2.0)
        else:
            asks = heard[n] & (now - since > back)
        credit[asks] += min(1.0, share / max(1, int(asks.sum())))
        read[n] = asks & (credit >= 1.0)
        credit[read[n]] -= 1.0
        since[read[n]] = now
    return read
