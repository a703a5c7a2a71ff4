"""The rules that ours is compared with, by small cases made by hand."""

from collections.abc import Iterable

import numpy as np
import pytest

from gateway.bench.accuracy_figures import Figure, clustered, wilson
from gateway.bench.accuracy_presence import CHAINS, best_timeout, ours, played, smoothed, smurf, within
from gateway.bench.accuracy_reads import Labelled, Told
from gateway.bench.accuracy_rules import (
    DEFAULT,
    RETAIL,
    SECOND,
    first_seen,
    fixed_windows,
    max_rssi,
    mobility,
    passes,
)
from gateway.bench.accuracy_table import cell, table

Row = tuple[float, int, int, float]
"""Seconds, tag, place, dBm."""


def reads(rows: Iterable[Row]) -> Labelled:
    """Reads in the order given."""
    time, tag, place, dbm = (np.array(column) for column in zip(*rows, strict=True))
    micros = (time * SECOND).astype(np.int64)
    said = dbm.astype(np.float32)
    port = np.ones(len(time), np.uint16)
    return Labelled(
        micros, micros, tag.astype(np.int32), port.astype(np.int32), port, place.astype(np.int32), said, said
    )


def told(found: list[Told]) -> list[tuple[int, int, float]]:
    return [(one.tag, one.place, one.time / SECOND) for one in found]


WALK: list[Row] = [
    (1.0, 0, -1, -60),
    (1.2, 0, 1, -70),
    (2.0, 0, -1, -50),
    (3.0, 0, 1, -45),
    (3.5, 0, -1, -65),
]


def test_a_pass_ends_with_two_seconds_of_silence() -> None:
    found = reads([(1.0, 0, -1, -60), (3.0, 0, -1, -60), (5.1, 0, 1, -60), (4.0, 1, 1, -60)])
    assert [rows.tolist() for rows in passes(found)] == [[0, 1], [2], [3]]


def test_first_seen_goes_to_the_other_side_than_the_first() -> None:
    assert told(first_seen(reads(WALK))) == [(0, 1, 1.2)]
    assert told(first_seen(reads(reversed([(5.0 - t, tag, side, dbm) for t, tag, side, dbm in WALK])))) == [
        (0, 1, 2.0)
    ]
    assert told(first_seen(reads([(1.0, 0, -1, -60), (1.1, 0, -1, -60)]))) == []


def test_max_rssi_goes_to_the_side_of_the_later_peak_and_waits_for_the_end() -> None:
    (one,) = max_rssi(reads(WALK))
    assert (one.place, one.time, one.decided) == (1, 2_500_000, 5_500_000)
    assert max_rssi(reads([(1.0, 0, -1, -60), (1.0, 0, 1, -60)])) == []


def test_windows_follow_the_power() -> None:
    assert told(fixed_windows(reads(WALK))) == [(0, 1, 3.0)]
    (one,) = fixed_windows(reads(WALK))
    assert one.decided - one.time == SECOND


def test_the_offset_of_the_mobility_profile_falls_with_time() -> None:
    assert [DEFAULT.offset(ms) for ms in (0.0, 500.0, 1_000.0, 2_000.0)] == pytest.approx(
        [6.0, 6.0, 2.0, -6.0]
    )
    assert [RETAIL.offset(ms) for ms in (0.0, 60_000.0, 72_000.0)] == pytest.approx([6.0, 6.0, 0.0])


def test_the_mobility_profile_moves_with_two_reads_that_are_stronger_by_the_offset() -> None:
    here = [(0.1 * n, 0, -1, -60.0) for n in range(5)]
    weaker: list[Row] = [(0.5 + 0.1 * n, 0, 1, -55.0) for n in range(2)]
    assert mobility(reads(here + weaker), DEFAULT) == []
    stronger: list[Row] = [(0.45, 0, 1, -53.0), (0.46, 0, 1, -53.0)]
    assert told(mobility(reads(here + stronger), DEFAULT)) == [(0, 1, 0.46)]
    # weaker, but the old place has been silent: 6 dB weaker are enough after 2 s
    later: list[Row] = [(2.5, 0, 1, -65.0), (2.6, 0, 1, -65.0)]
    assert told(mobility(reads(here + later), DEFAULT)) == [(0, 1, 2.6)]
    assert mobility(reads(here + later), RETAIL) == []


def test_the_mobility_profile_keeps_twenty_values_and_forgets_who_is_away() -> None:
    old: list[Row] = [(0.01 * n, 0, 1, -90.0) for n in range(20)]
    here: list[Row] = [(-1.0, 0, -1, -70.0), (0.21, 0, -1, -70.0)]
    new: list[Row] = [(0.22 + 0.01 * n, 0, 1, -60.0) for n in range(20)]
    (one,) = mobility(reads([here[0], *old, here[1], *new]), DEFAULT)
    # -64 is passed by the mean of 20 once 18 of the old are gone
    assert one.time == pytest.approx(0.22e6 + 0.01e6 * 17)
    away: list[Row] = [(700.0, 0, 1, -80.0), (700.1, 0, 1, -80.0)]
    assert mobility(reads([*here, *away]), DEFAULT) == []


def test_wilson_and_the_bootstrap() -> None:
    assert wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = clustered([0, 12] * 20, [12] * 40)
    assert (low + high) / 2 == pytest.approx(0.5, abs=0.05)
    assert high - low == pytest.approx(
        2 * 1.96 * 0.5 / np.sqrt(40), rel=0.2
    )  # of 40 episodes, not of 480 tags
    assert clustered([0, 0], [12, 12]) == wilson(0, 2)
    assert clustered([12, 1, 0], [12, 1, 0]) == wilson(2, 2)
    assert clustered([], []) == (0.0, 1.0)


def test_the_chain_reads_as_often_as_it_says() -> None:
    for chain in CHAINS:
        there, counts = played(chain, 60, 1_500, 1)
        assert not counts[~there].any()
        assert (counts[there] > 0).mean() == pytest.approx(chain.read, abs=0.02)


def test_the_smoothed_chain_is_that_of_the_tables() -> None:
    """Wrong tag-epochs of other runs of these chains: 0.0572, 0.0263, 0.0118, 0.0013, 0.0033 with a lag of 5."""
    for chain, lagged, causal in zip(
        CHAINS,
        (0.0572, 0.0263, 0.0118, 0.0013, 0.0033),
        (0.0908, 0.0550, 0.0330, 0.0051, 0.0143),
        strict=True,
    ):
        there, counts = played(chain, 60, 1_500, 3)
        for lag, expected in ((5, lagged), (0, causal)):
            wrong = (smoothed(counts > 0, chain, lag) != there).mean()
            assert wrong == pytest.approx(expected, rel=0.2, abs=5e-4)


def test_windows_and_timeouts_by_hand() -> None:
    heard = np.array([[1, 0, 0, 1, 0, 0, 0, 0]], np.bool_)
    assert within(heard, 1).tolist() == heard.tolist()
    assert within(heard, 3).astype(int).tolist() == [[1, 1, 1, 1, 1, 1, 0, 0]]
    truth = np.array([[1, 1, 1, 1, 1, 1, 0, 0]], np.bool_)
    assert best_timeout(heard, truth).astype(int).tolist() == [[1, 1, 1, 1, 1, 1, 0, 0]]


def test_smurf_widens_for_weak_tags_and_begins_anew_when_empty() -> None:
    strong = np.array([[4, 4, 4, 0, 0, 0, 4]])
    # one that is always read has a window of ln(20) / 1 = 3 epochs, halved when the first is empty
    assert smurf(strong).astype(int).tolist() == [[1, 1, 1, 1, 0, 0, 1]]
    weak = np.array([[1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]])
    said = smurf(weak).astype(int)[0]
    assert said[:5].tolist() == [1, 1, 1, 1, 1]
    assert said[-1] == 0


def test_ours_tells_intervals_that_end_with_the_last_read() -> None:
    counts = np.zeros((1, 400), np.int64)
    counts[0, 10:60] = 3
    said = ours(counts, 1)
    assert said[0, 12:58].all()
    assert not said[0, 62:].any()


def test_cells_and_tables() -> None:
    figures = [
        Figure("doors", "walk", "right", "waypost", 99.5, "%", 98.0, 100.0, 200),
        Figure("doors", "walk", "right", "EdgeX", None, "%"),
        Figure("rooms", "four zones", "false moves", "EdgeX", 0.5, "/min"),
    ]
    assert [cell(figure) for figure in (*figures, None)] == ["99.5 % (98-100)", "-", "0.5 /min", "-"]
    assert table(figures).splitlines()[2:] == [
        "| walk | right | 99.5 % (98-100) | - |",
        "| four zones | false moves | - | 0.5 /min |",
    ]
