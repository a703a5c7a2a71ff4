"""What a receiver makes of where it truly is: how far it is off, and what it claims to be off."""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.gps_scenario import GpsScenario
from simulators.local_frame import Column

_HOUR = 3600.0
_SPAN = 16.0
"""Correlation times that are reckoned in one go: their weights then still fit into a float many times over."""


@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Of a receiver at some instants; columns of one length.

    east, north, up  m, that is added to where it is;  claimed  m, one standard deviation per axis
    """

    east: Column
    north: Column
    up: Column
    claimed: Column


def errors(
    scenario: GpsScenario, seconds: Column, canyon: NDArray[np.bool_], rng: np.random.Generator
) -> Errors:
    """At instants that ascend, in s since the start; `canyon` tells where it is between high buildings."""
    wide = np.where(canyon, scenario.canyon_sigma, scenario.sigma)
    east = wide * gauss_markov(seconds, scenario.tau, rng)
    north = wide * gauss_markov(seconds, scenario.tau, rng)
    up = 1.5 * wide * gauss_markov(seconds, scenario.tau, rng)
    claimed = wide * rng.uniform(*scenario.claimed, len(seconds))
    far = excursions(scenario, seconds, rng)
    honest = np.hypot(claimed, scenario.excursion_sigma * rng.uniform(*scenario.claimed, len(seconds)))
    lied = rng.uniform(*scenario.claimed_wrong, len(seconds))
    claimed = np.where(far.lying, lied, np.where(far.active, honest, claimed))
    at, off_east, off_north = spikes(scenario, seconds, rng)
    np.add.at(east, at, off_east)
    np.add.at(north, at, off_north)
    claimed[at] = lied[at]
    return Errors(east + far.east, north + far.north, up, claimed)


def gauss_markov(seconds: Column, tau: float, rng: np.random.Generator) -> Column:
    """A stationary first-order Gauss-Markov process of variance 1: its correlation after t is exp(-t / tau).

    x[k] = r x[k-1] + sqrt(1 - r^2) w[k] with r = exp(-dt / tau) (Brown and Hwang, Introduction to Random Signals and
    Applied Kalman Filtering), a span of some tau at a time: there x[k] exp(t[k] / tau) is a running sum.
    """
    noise: Column = rng.standard_normal(len(seconds))
    if not len(seconds):
        return noise
    ages = (seconds - seconds[0]) / tau
    steps = np.diff(ages)
    noise[1:] *= np.sqrt(-np.expm1(-2 * steps))
    edges = np.flatnonzero(np.diff((ages // _SPAN).astype(np.int64))) + 1
    bounds = [0, *edges.tolist(), len(seconds)]
    before, found = 0.0, np.empty(len(seconds))
    for first, last in itertools.pairwise(bounds):
        if first:
            noise[first] += before * np.exp(-steps[first - 1])
        weight = np.exp(ages[first:last] - ages[first])
        found[first:last] = np.cumsum(noise[first:last] * weight) / weight
        before = float(found[last - 1])
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Excursions:
    """east, north: how far, m;  active: there is one;  lying: there is one whose claim is too good."""

    east: Column
    north: Column
    active: NDArray[np.bool_]
    lying: NDArray[np.bool_]


def excursions(scenario: GpsScenario, seconds: Column, rng: np.random.Generator) -> Excursions:
    """Offsets that begin as a Poisson process and last exponentially long, each constant for its life."""
    lead = 20 * scenario.excursion_seconds  # one may have begun before the start
    begins = _arrivals(scenario.excursions_per_hour, -lead, seconds, rng)
    ends = begins + rng.exponential(scenario.excursion_seconds, len(begins))
    offsets = rng.normal(0.0, scenario.excursion_sigma, (2, len(begins)))
    lying = (rng.random(len(begins)) < scenario.over_confident).astype(np.float64)
    sums = [_during(seconds, begins, ends, each) for each in (*offsets, np.ones(len(begins)), lying)]
    east, north, lasting, lies = sums
    active = lasting > 0.5
    return Excursions(
        east * active, north * active, active, lies > 0.5
    )  # rounding leaves a trace of what is over


def spikes(
    scenario: GpsScenario, seconds: Column, rng: np.random.Generator
) -> tuple[NDArray[np.intp], Column, Column]:
    """Which instants have one, and how far they are off, east and north in m."""
    times = _arrivals(scenario.spikes_per_hour, 0.0, seconds, rng)
    at = np.searchsorted(seconds, times)
    far = rng.uniform(*scenario.spike_metres, len(times))
    bearing = rng.uniform(0, 2 * np.pi, len(times))
    return at, far * np.sin(bearing), far * np.cos(bearing)


def _arrivals(per_hour: float, since: float, seconds: Column, rng: np.random.Generator) -> Column:
    """A Poisson process from `since` (relative to the first instant) up to the last instant."""
    if not len(seconds):
        return np.empty(0)
    begin, end = float(seconds[0]) + since, float(seconds[-1])
    count = rng.poisson(per_hour / _HOUR * (end - begin))
    return np.sort(rng.uniform(begin, end, count))


def _during(seconds: Column, begins: Column, ends: Column, worth: Column) -> Column:
    """At each instant the sum of what lasts then: from its beginning on, and not at its end."""
    moments = np.concatenate((begins, ends))
    order = np.argsort(moments, kind="stable")
    sums = np.concatenate(([0.0], np.cumsum(np.concatenate((worth, -worth))[order])))
    found: Column = sums[np.searchsorted(moments[order], seconds, side="right")]
    return found
