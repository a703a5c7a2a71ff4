"""How strong a tag is heard: the link budget of a passive UHF tag, forward and back.

The numbers and where they are from ("assumed" = plausible, not measured by us):

36 dBm EIRP            FCC 47 CFR 15.247(b)(4) with a 6 dBi antenna
tag chip -18 dBm       typical of data sheets of current chips; assumed
modulation loss 6 dB   backscatter efficiency of about a quarter; assumed
pattern                12 (angle / 70 deg)**2 dB, at most 15 dB: the form of 3GPP TR 36.814 table A.2.1.1-2
reader -82 dBm         receive sensitivity, Impinj Speedway R420 data sheet
fading                 a standing wave of +-2 dB along the way, 1 dB of noise; assumed
phase, Doppler noise   0.1 rad, 4 Hz; assumed
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FCC_KHZ: tuple[int, ...] = tuple(range(902_750, 927_251, 500))
"""The 50 channels of FCC 15.247 readers in kHz, in order of frequency; channel index 1 is the first."""

HOP = 0.4
"""Seconds on a channel: the most that FCC 15.247(a)(1)(i) lets an average be."""

_LIGHT = 299_792_458.0
_EIRP, _GAIN, _MODULATION, _CHIP, _READER = 36.0, 6.0, 6.0, -18.0, -82.0
_LOSS_AT_1M = 31.7  # dB, free space at 915 MHz


@dataclass(frozen=True, slots=True)
class Mast:
    """Where an antenna hangs (x, y, z in m), and the unit vector along which it looks."""

    at: tuple[float, float, float]
    looks: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Tagged:
    """The tags of one pallet: columns of length n.

    offset  float64[n, 3]  m from the middle of the pallet's foot
    loss    float64[n]     dB lost in the goods, each way
    wave    float64[n]     m between two fades
    phase   float64[n]     rad, of the fade and of the tag's reflection
    """

    offset: Array
    loss: Array
    wave: Array
    phase: Array

    def __len__(self) -> int:
        return len(self.loss)


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What an antenna would hear of each tag in each time slot: arrays of shape (slots, tags).

    chance  probability of a read in the slot if nobody else were there
    rssi    dBm at the reader;  distance, m;  speed, m/s away from the antenna
    """

    chance: Array
    rssi: Array
    distance: Array
    speed: Array


def heard(tags: Tagged, at: Array, velocity: Array, masts: Array, looks: Array, shadow: Array) -> Heard:
    """The link of `tags`, whose pallet is at x = at[slot] m with velocity[slot] m/s, in every slot.

    `masts` and `looks` (slots, 3) are the antenna active in the slot, `shadow` (slots) dB that something solid
    takes from each way.
    """
    way = tags.offset[None, :, :] - masts[:, None, :]
    way[:, :, 0] += at[:, None]
    distance = np.sqrt((way * way).sum(axis=2))
    angle = np.arccos(np.clip((way * looks[:, None, :]).sum(axis=2) / distance, -1.0, 1.0))
    pattern = np.minimum(12.0 * (angle / np.radians(70.0)) ** 2, 15.0)
    fade = 2.0 * np.sin(2.0 * np.pi * way[:, :, 0] / tags.wave + tags.phase)
    one_way = _LOSS_AT_1M + 20.0 * np.log10(distance) + pattern + tags.loss + shadow[:, None]
    at_tag = _EIRP - one_way + fade
    rssi = at_tag - _MODULATION + _GAIN - one_way + fade
    margin = at_tag - _CHIP
    chance = np.where((margin > -4.0) & (rssi > _READER), 1.0 / (1.0 + np.exp(-margin / 1.5)), 0.0)
    return Heard(chance, rssi, distance, velocity[:, None] * way[:, :, 0] / distance)


def phase(distance: Array, khz: Array, own: Array) -> Array:
    """The phase of the backscattered wave in rad, 0 to 2 pi: 4 pi d f / c and what the tag adds."""
    return (4.0 * np.pi * distance * khz * 1e3 / _LIGHT + own) % (2.0 * np.pi)


def doppler(speed: Array, khz: Array) -> Array:
    """The Doppler shift in Hz of a tag that moves away with `speed` m/s: -2 v f / c."""
    return -2.0 * speed * khz * 1e3 / _LIGHT


def load(tags: int, rng: np.random.Generator) -> Tagged:
    """`tags` tags on a EUR pallet (1.2 m by 0.8 m, loaded to 1.6 m); losses 1 to 5 dB, fades 0.3 to 0.9 m apart."""
    offset = rng.uniform((-0.6, -0.4, 0.2), (0.6, 0.4, 1.6), (tags, 3))
    loss = np.clip(rng.normal(3.0, 1.0, tags), 1.0, 5.0)
    return Tagged(offset, loss, rng.uniform(0.3, 0.9, tags), rng.uniform(0.0, 2.0 * np.pi, tags))
