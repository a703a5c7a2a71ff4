"""The physics of the hard doors against closed forms."""

import numpy as np
import pytest

from simulators import air
from simulators.gate import Gate, Mirror, aerials, body_loss, mirrors, wall_loss
from simulators.inventory import Reading
from simulators.link import Air, Listening, Poses, Surroundings
from simulators.loads import Body, Load

KHZ = 915_000.0
EMPTY = Body(0.0, 0.0, 0.0, 0.0)


def metres(*values: float) -> air.Array:
    return np.array(values)


def test_path_loss_is_free_space_to_a_metre_and_then_has_its_exponent() -> None:
    # Friis: 20 log10(4 pi d f / c) = 31.67 dB at 1 m and 915 MHz
    assert air.path_loss(metres(1.0, 0.5), KHZ, 3.0) == pytest.approx([31.67, 25.65], abs=0.01)
    one, ten, hundred = air.path_loss(metres(1.0, 10.0, 100.0), KHZ, 2.6)
    assert (ten - one, hundred - ten) == (pytest.approx(26.0), pytest.approx(26.0))


def test_a_pattern_is_3_db_down_at_half_its_beamwidth_and_has_a_back() -> None:
    lost = air.pattern_loss(np.radians([0.0, 35.0, 70.0, 180.0]), 70.0, 18.0)
    assert lost == pytest.approx([0.0, 3.0, 12.0, 18.0])


def test_a_dipole_hears_best_across_and_nothing_along_its_axis() -> None:
    # Balanis: the half-power beamwidth of a half-wave dipole is 78 degrees
    across, half, along = air.dipole_loss(np.cos(np.radians([90.0, 51.0, 0.0])))
    assert across == pytest.approx(0.0)
    assert half == pytest.approx(3.0, abs=0.1)
    assert along == air.DEEPEST


@pytest.mark.parametrize("k", [0.0, 1.0, 8.0])
def test_a_wave_and_a_diffuse_field_have_the_moments_of_rice(k: float) -> None:
    rng = np.random.default_rng(1)
    power = []
    for _ in range(400):
        field = air.diffuse(25e-9, 0.0, rng)
        at = rng.uniform(-50.0, 50.0, (1, 200, 3))
        rest = field.field(at, np.array([KHZ]), np.zeros(1))[0]
        power.append(np.abs(np.sqrt(k / (k + 1.0)) + rest / np.sqrt(k + 1.0)) ** 2)
    found = np.concatenate(power)
    # a sum of n equal waves has E|h|^4 = 2 - 1/n instead of 2
    second = (2.0 - 1.0 / air.PATHS + 4.0 * k + k * k) / (1.0 + k) ** 2
    assert found.mean() == pytest.approx(1.0, rel=0.02)
    assert (found**2).mean() == pytest.approx(second, rel=0.03)


def test_a_field_changes_within_a_wavelength_over_channels_and_in_time() -> None:
    rng = np.random.default_rng(2)
    here, there, other, later = [], [], [], []
    for _ in range(300):
        field = air.diffuse(30e-9, 1.0, rng)
        at = np.array([[[0.0, 0.0, 0.0], [0.16, 0.0, 0.0]]])
        pair = field.field(at, np.array([KHZ]), np.zeros(1))[0]
        here.append(pair[0])
        there.append(pair[1])
        other.append(field.field(at, np.array([KHZ - 12_000.0]), np.zeros(1))[0, 0])
        later.append(field.field(at, np.array([KHZ]), np.array([20.0]))[0, 0])
    first = np.array(here)

    def alike(values: list[complex]) -> float:
        return float(abs(np.mean(first * np.conj(values))) / np.mean(np.abs(first) ** 2))

    assert alike(there) < 0.15  # half a wavelength: sin(kd)/kd is 0
    assert alike(other) == pytest.approx(1.0 / np.hypot(1.0, 2.0 * np.pi * 12e6 * 30e-9), abs=0.1)
    assert 0.4 < alike(later) < 0.7  # half of the waves drift


def test_shadowing_has_its_deviation_and_is_alike_within_its_distance() -> None:
    rng = np.random.default_rng(3)
    lost = np.array(
        [
            air.shadow(3.0, 2.0, rng).loss(np.array([[0.0, 0.0], [0.2, 0.0], [20.0, 0.0]]))
            for _ in range(2_000)
        ]
    )
    assert lost.std(axis=0) == pytest.approx(3.0, rel=0.05)
    assert np.corrcoef(lost[:, 0], lost[:, 1])[0, 1] > 0.95
    assert abs(np.corrcoef(lost[:, 0], lost[:, 2])[0, 1]) < 0.1


def test_the_wall_takes_from_ways_that_do_not_find_the_door() -> None:
    gate = Gate(opening=3.0, wall=15.0, lane=6.0)
    origin = np.array([[-2.0, 0.0, 1.0]])
    tags = np.array([[[2.0, 0.0, 1.0], [2.0, 6.0, 1.0], [2.0, 12.0, 1.0], [-1.0, 4.0, 1.0]]])
    # through the open door; through the wall beside it; through the neighbour's door; on the same side
    assert wall_loss(gate, origin, tags, None).tolist() == [[0.0, 15.0, 0.0, 0.0]]
    assert not wall_loss(Gate(wall=0.0), origin, tags, None).any()


def test_a_way_by_a_mirror_is_folded_at_the_wall() -> None:
    gate = Gate(opening=3.0, wall=15.0, lane=20.0)
    at = np.array([[-2.0, 0.0, 1.0]])
    behind = Mirror(0, 5.0, 1.0)
    tags = np.array([[[-2.0, 0.0, 1.0], [-2.0, 9.0, 1.0]]])
    # there and back through the open door; back through the wall
    assert wall_loss(gate, behind.image(at), tags, behind).tolist() == [[0.0, 15.0]]
    aside = Mirror(1, 4.0, 1.0)
    # the image at y = 8 crosses the plane at y = 4.5, that is at 3.5: wall
    assert wall_loss(gate, aside.image(at), np.array([[[2.0, 1.0, 1.0]]]), aside).tolist() == [[15.0]]
    assert aside.turned(np.array([[0.0, 1.0, 0.0]])).tolist() == [[0.0, -1.0, 0.0]]


def test_a_body_takes_from_the_ways_that_it_stands_in() -> None:
    tags = np.array([[[4.0, 0.0, 1.0], [0.0, 4.0, 1.0]]])
    lost = body_loss(np.zeros((1, 3)), tags, np.array([[2.0, 0.0]]), 0.25, 9.0)
    assert lost.tolist() == [[9.0, 0.0]]


@pytest.mark.parametrize(
    ("gate", "sides", "readers"),
    [
        (Gate(), [-1, 1], [0, 0]),
        (Gate("two-each"), [-1, -1, 1, 1], [0, 0, 0, 0]),
        (Gate("plane"), [0, 0], [0, 0]),
        (Gate("two-readers"), [-1, 1], [0, 1]),
    ],
)
def test_arrangements_of_antennas(gate: Gate, sides: list[int], readers: list[int]) -> None:
    found = aerials(gate)
    assert [one.side for one in found] == sides
    assert [one.reader for one in found] == readers
    assert len({(one.reader, one.port) for one in found}) == len(found)
    for one in found:
        assert one.at[0] == pytest.approx(one.side * 0.8)
        assert np.linalg.norm(one.looks) == pytest.approx(1.0)
        assert one.looks[1] * one.at[1] < 0.0  # into the door


def test_an_antenna_may_be_on_the_other_post() -> None:
    near, far = aerials(Gate(across=True, distance=(0.3, 2.5)))
    assert (near.at[1], far.at[1]) == (1.6, -1.6)
    assert (near.at[0], far.at[0]) == (-0.3, 2.5)


def test_neighbouring_doors_have_antennas_like_this_one() -> None:
    own, left, right = np.split(np.array([one.at for one in aerials(Gate(watched=True, lane=4.5))]), 3)
    assert (left - own).tolist() == [[0.0, -4.5, 0.0]] * 2
    assert (right - own).tolist() == [[0.0, 4.5, 0.0]] * 2
    found = aerials(Gate("two-readers", watched=True))
    assert [(one.reader, one.door) for one in found] == [(0, 0), (1, 0), (2, -1), (3, -1), (4, 1), (5, 1)]


def lone(at: tuple[float, float, float]) -> tuple[Load, Poses]:
    """A tag in the open that faces an antenna at y > 0, its dipole upright."""
    load = Load(
        np.array([at]),
        np.array([[0.0, 0.0, 1.0]]),
        np.array([[0.0, 1.0, 0.0]]),
        20.0,
        np.zeros(1),
        np.zeros(1),
        np.ones(1),
        EMPTY,
    )
    return load, Poses(np.zeros(1), np.zeros(1), np.zeros(1))


def test_the_link_budget_of_a_tag_in_the_open() -> None:
    bare = Air(rice=300.0, shadow=0.0, mirrors=False)
    gate = Gate(distance=(0.0, 0.0), yaw=0.0)
    surroundings = Surroundings(gate, bare, np.random.default_rng(1))
    load, poses = lone((0.0, -1.4, 1.5))
    heard = surroundings.hear(load, poses, Listening(np.zeros(1, np.intp), np.array([KHZ]), np.zeros(1)), ())
    # 3 m at boresight: 36 dBm - 31.67 - 9.54 - 3 dB, and back with 6 dBi and 6 dB of modulation loss
    assert heard.at_chip[0, 0] == pytest.approx(36.0 - 31.67 - 9.54 - 3.0, abs=0.02)
    assert heard.rssi[0, 0] == pytest.approx(36.0 - 2.0 * (31.67 + 9.54 + 3.0), abs=0.04)
    # the phase of the way there and back: 4 pi d f / c
    turns = (4.0 * np.pi * 3.0 * KHZ * 1e3 / air.LIGHT) % (2.0 * np.pi)
    assert heard.phase[0, 0] == pytest.approx(turns, abs=1e-3)


def test_two_rays_make_a_ghost_that_fades_with_height() -> None:
    floor = Air(rice=300.0, shadow=0.0)
    gate = Gate(distance=(0.0, 0.0), yaw=0.0, mirrors=(1.0, 0.0, 0.0))
    surroundings = Surroundings(gate, floor, np.random.default_rng(1))
    assert [one.amplitude for one in mirrors(gate)] == [1.0, 0.0, 0.0, 0.0, 0.0]
    listening = Listening(np.zeros(1, np.intp), np.array([KHZ]), np.zeros(1))
    power = [
        surroundings.hear(*lone((0.0, -3.4, height)), listening, ()).rssi[0, 0]
        for height in np.arange(0.3, 3.0, 0.02)
    ]
    # full reflection with two patterns in between: deep fades, and peaks of less than 12 dB above one ray
    assert max(power) - min(power) > 10.0


def test_goods_and_bodies_are_in_the_way() -> None:
    bare = Air(rice=300.0, shadow=0.0, mirrors=False)
    surroundings = Surroundings(Gate(yaw=0.0, distance=(0.0, 0.0)), bare, np.random.default_rng(1))
    listening = Listening(np.zeros(1, np.intp), np.array([KHZ]), np.zeros(1))
    load, poses = lone((0.0, -1.4, 1.5))
    away = Poses(np.zeros(1), np.array([-2.8]), np.array([np.pi]))  # the same spot, turned round
    free = surroundings.hear(load, poses, listening, ()).at_chip[0, 0]
    behind = surroundings.hear(load, away, listening, ()).at_chip[0, 0]
    assert free - behind == pytest.approx(20.0, abs=0.01)
    other = Poses(np.zeros(1), np.array([0.4]), np.zeros(1))
    shaded = surroundings.hear(load, poses, listening, [(load, other)]).at_chip[0, 0]
    assert free - shaded == pytest.approx(20.0, abs=0.01)


def test_defaults_are_those_of_a_plain_dock_door() -> None:
    assert (Gate().arrangement, Reading().session, Air().eirp) == ("one-each", "S0", 36.0)
