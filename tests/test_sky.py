"""The receiver's errors of the GPS world, held against closed forms and against a published table."""

import math
from dataclasses import replace

import numpy as np
import pytest

from simulators.gps_scenario import GpsScenario
from simulators.sky import errors, excursions, gauss_markov, spikes

SCENARIO = GpsScenario()
DAY = 86_400.0


def instants(days: float, every: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.arange(0.0, days * DAY, every)


@pytest.mark.parametrize("every", [0.5, 10.0, 60.0, 1000.0])
def test_the_noise_is_a_gauss_markov_process(every: float) -> None:
    """Variance 1, correlation exp(-t / tau); of n steps about n (1 - r^2) / (1 + r^2) are independent (Bartlett)."""
    count, tau = 100_000, 60.0
    noise = gauss_markov(np.arange(0.0, count * every, every), tau, np.random.default_rng(5))
    r = math.exp(-every / tau)
    independent = count * (1 - r * r) / (1 + r * r)
    assert noise.var() == pytest.approx(1.0, abs=5 * math.sqrt(2 / independent))
    for steps in (1, 3, 10):
        found = float((noise[steps:] * noise[:-steps]).mean() / noise.var())
        assert found == pytest.approx(r**steps, abs=5 / math.sqrt(independent))


def test_the_noise_knows_how_long_a_pause_was() -> None:
    """Pairs of instants 20 s apart, each pair a long time after the one before: within one, exp(-20 / 60)."""
    pairs = 20_000
    seconds = (np.arange(pairs)[:, None] * 5000.0 + np.array([0.0, 20.0])).ravel()
    noise = gauss_markov(seconds, 60.0, np.random.default_rng(6)).reshape(pairs, 2)
    assert float((noise[:, 0] * noise[:, 1]).mean()) == pytest.approx(math.exp(-1 / 3), abs=0.03)
    assert float((noise[1:, 0] * noise[:-1, 1]).mean()) == pytest.approx(0.0, abs=0.03)
    assert gauss_markov(np.empty(0), 60.0, np.random.default_rng(6)).shape == (0,)


def test_excursions_are_as_many_as_long_and_as_far_as_they_have_to_be() -> None:
    """As many at a time as servers are busy in M/M/inf: Poisson of rate times length; alone at t and t + s with
    probability exp(-m (2 - exp(-s / length))), m their mean number."""
    scenario = replace(SCENARIO, excursions_per_hour=6.0)
    far = excursions(scenario, instants(400, 10.0), np.random.default_rng(7))
    mean = 6.0 / 60.0
    idle = ~far.active
    assert float(idle.mean()) == pytest.approx(math.exp(-mean), rel=0.004)
    for steps in (1, 6, 30):
        both = float((idle[steps:] & idle[:-steps]).mean())
        assert both == pytest.approx(math.exp(-mean * (2 - math.exp(-steps * 10.0 / 60.0))), rel=0.006)
    assert float(far.lying.mean()) == pytest.approx(1 - math.exp(-mean * 0.3), rel=0.05)
    assert float((far.east**2).mean()) == pytest.approx(mean * 40.0**2, rel=0.05)
    assert float((far.east * far.north).mean()) == pytest.approx(0.0, abs=0.03 * mean * 40.0**2)
    assert not far.east[idle].any()


def test_an_excursion_is_constant_for_its_life() -> None:
    far = excursions(SCENARIO, instants(20, 1.0), np.random.default_rng(8))
    begins = np.flatnonzero(far.active[1:] & ~far.active[:-1]) + 1
    ends = np.flatnonzero(~far.active[1:] & far.active[:-1]) + 1
    assert len(begins) == pytest.approx(480, abs=5 * math.sqrt(480))
    lasting = [end - begin for begin, end in zip(begins, ends[ends > begins[0]], strict=False)]
    assert float(np.mean(lasting)) == pytest.approx(60.0, rel=0.15)
    constant = [
        len(set(far.east[begin : begin + length].round(9).tolist())) == 1
        for begin, length in zip(begins, lasting, strict=False)
    ]
    assert np.mean(constant) > 0.95  # the others met a second one


def test_spikes_are_single_fixes_far_off() -> None:
    seconds = instants(1000, 10.0)
    at, east, north = spikes(SCENARIO, seconds, np.random.default_rng(9))
    assert len(at) == pytest.approx(4000, abs=5 * math.sqrt(4000))
    far = np.hypot(east, north)
    assert 150.0 <= far.min() <= 151.0
    assert 299.0 <= far.max() <= 300.0
    assert float(far.mean()) == pytest.approx(225.0, abs=5 * 150 / math.sqrt(12 * 4000))
    assert float(east.mean()) == pytest.approx(0.0, abs=5 * 160 / math.sqrt(4000))
    assert at.min() >= 0
    assert at.max() < len(seconds)


def test_a_claim_is_honest_unless_it_is_not() -> None:
    """What is far off and claims to be near is an over-confident excursion or a spike."""
    seconds = instants(100, 10.0)
    off = errors(SCENARIO, seconds, np.zeros(len(seconds), np.bool_), np.random.default_rng(10))
    far = np.hypot(off.east, off.north)
    plain = far < 16.0
    assert np.quantile(off.claimed[plain], 0.01) >= 3.0
    assert np.quantile(off.claimed[plain], 0.97) <= 6.0 + 1e-9
    lied = (far > 50.0) & (off.claimed <= 5.0)
    honest = (far > 50.0) & (off.claimed >= 25.0)
    assert 0.2 < lied.sum() / (lied.sum() + honest.sum()) < 0.45
    assert lied.sum() + honest.sum() == (far > 50.0).sum()


def test_between_high_buildings_it_is_worse() -> None:
    seconds = instants(20, 10.0)
    quiet = replace(SCENARIO, excursions_per_hour=0.0, spikes_per_hour=0.0)
    off = errors(quiet, seconds, np.arange(len(seconds)) % 2 == 0, np.random.default_rng(11))
    assert float(off.north[::2].std()) == pytest.approx(15.0, rel=0.05)
    assert float(off.north[1::2].std()) == pytest.approx(4.0, rel=0.05)
    assert float(off.claimed[::2].mean() / off.claimed[1::2].mean()) == pytest.approx(15 / 4, rel=0.02)


def test_a_raw_test_of_parked_assets_is_wrong_as_often_as_is_known() -> None:
    """False exits per asset-day from a circle of 50 m, 5, 15 and 35 m inside, with a fix each 10 s: 380, 22.8, 20.1."""
    days, seconds = 60, instants(1, 10.0)
    exits = dict.fromkeys((5.0, 15.0, 35.0), 0)
    for day in range(days):
        off = errors(SCENARIO, seconds, np.zeros(len(seconds), np.bool_), np.random.default_rng([12, day]))
        for inside in exits:
            out = np.hypot(50.0 - inside + off.east, off.north) > 50.0
            exits[inside] += int((out[1:] & ~out[:-1]).sum())
    for inside, known in zip(exits, (380.0, 22.8, 20.1), strict=True):
        assert exits[inside] / days == pytest.approx(known, rel=0.25)
