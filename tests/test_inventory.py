"""How readers take turns, and what sessions and crowds do to the reads of a tag."""

import numpy as np
import pytest
from numpy.typing import NDArray

from simulators.inventory import ETSI_KHZ, Reading, Session, Slots, answers, slots

SECONDS = 60.0


def played(
    reading: Reading, tags: int, powered: NDArray[np.bool_] | None = None
) -> tuple[Slots, NDArray[np.bool_]]:
    """A minute of tags that are perfectly heard, in rounds of 0.05 s."""
    rng = np.random.default_rng(1)
    turns = slots(reading, 2, SECONDS, rng)
    shape = (len(turns.seconds), tags)
    power = np.ones(shape, np.bool_) if powered is None else powered
    return turns, answers(power.astype(np.float64), power, np.full(tags, 1.5), turns, reading, rng)


def test_antennas_take_turns_of_their_length() -> None:
    turns = slots(Reading(dwell=0.2), 2, 4.0, np.random.default_rng(1))
    assert turns.length == pytest.approx(0.04)
    changes = np.flatnonzero(np.diff(turns.antenna)) + 1
    assert set(np.diff(changes).tolist()) == {5}
    assert turns.seconds[-1] == pytest.approx(3.98)


def test_a_reader_hops_within_its_band() -> None:
    fcc = slots(Reading(), 2, 30.0, np.random.default_rng(1))
    etsi = slots(Reading(channels="etsi"), 2, 30.0, np.random.default_rng(1))
    assert len(np.unique(fcc.khz)) == 50
    assert set(etsi.khz.tolist()) == set(ETSI_KHZ)
    assert np.array_equal(np.array(ETSI_KHZ)[etsi.channel - 1], etsi.khz)


@pytest.mark.parametrize(("tags", "each"), [(1, 20.0), (10, 10.0), (20, 5.0), (50, 2.0)])
def test_a_crowd_shares_the_rate(tags: int, each: float) -> None:
    _, read = played(Reading(rate=100.0), tags)
    assert read.sum(axis=0) / SECONDS == pytest.approx(each, rel=0.1)


@pytest.mark.parametrize(("session", "reads"), [("S1", 40), ("S2", 1)])
def test_a_session_silences_who_was_read(session: Session, reads: int) -> None:
    """S1: once in its 1.5 s, S2: once while there is power."""
    _, read = played(Reading(session=session), 3)
    assert read.sum(axis=0) == pytest.approx(reads, abs=1)


def test_in_s2_a_tag_answers_again_when_it_was_long_without_power() -> None:
    turns = slots(Reading(session="S2"), 2, SECONDS, np.random.default_rng(1))
    power = (
        (turns.seconds < 20.0) | ((turns.seconds > 21.0) & (turns.seconds < 30.0)) | (turns.seconds > 40.0)
    )
    _, read = played(Reading(session="S2"), 1, power[:, None])
    assert turns.seconds[read[:, 0]] == pytest.approx([0.0, 40.0], abs=0.1)


def test_who_is_not_heard_is_not_read() -> None:
    nothing = np.zeros((len(slots(Reading(), 2, SECONDS, np.random.default_rng(1)).seconds), 3), np.bool_)
    for session in ("S0", "S1"):
        assert not played(Reading(session=session), 3, nothing)[1].any()
