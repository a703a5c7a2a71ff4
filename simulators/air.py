"""Waves between an antenna and a tag: closed forms, each with its source.

path loss   free space to 1 m (Friis), from there with an exponent: the log-distance model (Rappaport, Wireless
            Communications, section 4.9)
pattern     12 (angle / beamwidth)**2 dB and no more than the ratio of front to back: the form of 3GPP TR 36.814,
            table A.2.1.1-2
dipole      (cos(pi/2 cos a) / sin a)**2, the half-wave dipole (Balanis, Antenna Theory, equation 4-84)
fading      Clarke's model: a sum of plane waves from all directions, with delays from an exponential distribution;
            beside a wave of the line of sight it gives the Rice distribution
shadowing   log-normal in dB with a correlation over metres (Gudmundson 1991), as a sum of cosines
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Waves = NDArray[np.complex128]

LIGHT = 299_792_458.0
"""m/s."""

PATHS = 10
"""Plane waves of a diffuse field; the fourth moment of its envelope is 2 - 1/PATHS instead of 2."""

DEEPEST = 25.0
"""dB that a null of a tag's pattern takes at most: the rest comes by other polarisations. Assumed."""


def db(power: Array) -> Array:
    """Power ratios in dB, at least -300."""
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-30)))


def path_loss(metres: Array, khz: Array | float, exponent: float) -> Array:
    """dB between isotropic antennas, one way."""
    first = 20.0 * np.log10(4.0 * np.pi * np.asarray(khz) * 1e3 / LIGHT)
    beyond = np.where(metres > 1.0, 10.0 * exponent, 20.0)
    return np.asarray(first + beyond * np.log10(np.maximum(metres, 0.05)))


def pattern_loss(angle: Array, beamwidth: float, front_to_back: float) -> Array:
    """dB below boresight at `angle` rad from it; `beamwidth` in degrees between the points at -3 dB."""
    return np.asarray(np.minimum(12.0 * (angle / np.radians(beamwidth)) ** 2, front_to_back))


def dipole_loss(cosine: Array) -> Array:
    """dB below its best direction of a half-wave dipole, by the cosine of the angle to its axis."""
    along = np.clip(np.abs(cosine), 0.0, 1.0 - 1e-9)
    best = np.cos(np.pi / 2.0 * along) / np.sqrt(1.0 - along * along)
    return np.asarray(np.minimum(-20.0 * np.log10(np.maximum(best, 1e-6)), DEEPEST))


@dataclass(frozen=True, slots=True, eq=False)
class Diffuse:
    """The waves that come by way of everything else, of mean power 1.

    direction float64[PATHS, 3], delay float64[PATHS] s, phase float64[PATHS] rad, drift float64[PATHS] Hz: things
    that move about.
    """

    direction: Array
    delay: Array
    phase: Array
    drift: Array

    def field(self, at: Array, khz: Array, seconds: Array) -> Waves:
        """complex128[slots, tags] at positions `at` (slots, tags, 3) m, on a channel and at a time per slot."""
        wave_number = 2.0 * np.pi * khz * 1e3 / LIGHT
        turn = 2.0 * np.pi * (khz[:, None] * 1e3 * self.delay + seconds[:, None] * self.drift) + self.phase
        angle = (at @ self.direction.T) * wave_number[:, None, None] + turn[:, None, :]
        # reduced before it is made short: half the time, and 1e-7 of a turn
        short = (angle % (2.0 * np.pi)).astype(np.float32)
        return np.asarray((np.cos(short).sum(axis=2) + 1j * np.sin(short).sum(axis=2)) / np.sqrt(PATHS))


def diffuse(spread: float, drift: float, rng: np.random.Generator) -> Diffuse:
    """A field with an RMS delay spread of `spread` s, of whose waves half drift by up to `drift` Hz."""
    direction = rng.normal(size=(PATHS, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    moving = rng.uniform(-drift, drift, PATHS) * (rng.random(PATHS) < 0.5)
    return Diffuse(direction, rng.exponential(spread, PATHS), rng.uniform(0.0, 2.0 * np.pi, PATHS), moving)


@dataclass(frozen=True, slots=True, eq=False)
class Shadow:
    """Slow shadowing of standard deviation `sigma` dB: wave float64[n, 2] rad/m, phase float64[n]."""

    sigma: float
    wave: Array
    phase: Array

    def loss(self, at: Array) -> Array:
        """float64[slots] dB, of either sign, at positions `at` (slots, 2) m."""
        n = len(self.phase)
        return np.asarray(self.sigma * np.sqrt(2.0 / n) * np.cos(at @ self.wave.T + self.phase).sum(axis=1))


def shadow(sigma: float, metres: float, rng: np.random.Generator) -> Shadow:
    """Shadowing that is correlated over about `metres`."""
    return Shadow(sigma, rng.normal(0.0, 1.0 / metres, (8, 2)), rng.uniform(0.0, 2.0 * np.pi, 8))
