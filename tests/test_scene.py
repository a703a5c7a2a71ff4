"""Episodes at hard doors: reproducible, true to their plan, and as hard as real ones are."""

from dataclasses import fields, replace

import numpy as np
import pytest

from simulators.gate import Gate
from simulators.inventory import Reading
from simulators.link import Air
from simulators.loads import Goods
from simulators.rooms import Room, labelled
from simulators.scene import PAUSE, Parameters, Scene, reported, scene, series
from simulators.sweep import HEARD, drawn, installed, twelve, walked
from simulators.walks import KINDS, Ground, Kind, walks
from simulators.world import SECOND, Sightings

PLAIN = Parameters()
TRUE: dict[Kind, tuple[str, ...]] = {
    **dict.fromkeys(KINDS, ("crossing",)),
    **dict.fromkeys(("along", "approach", "work"), ("near",)),
    **dict.fromkeys(("parked", "in-door"), ("static",)),
    "turn-back": ("turn-back",),
    "next-lane": ("next-lane",),
    "two-pallets": ("crossing", "crossing"),
    "stray": ("static", "crossing"),
}


def same(one: Sightings, other: Sightings) -> bool:
    return all(
        np.array_equal(getattr(one, column.name), getattr(other, column.name), equal_nan=True)
        for column in fields(Sightings)
        if column.name != "doppler"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_an_episode_is_what_its_kind_says_and_is_heard(kind: Kind) -> None:
    one = scene(kind, PLAIN, 1)
    assert tuple(act.movement for act in one.acts) == TRUE[kind]
    assert len(one.epcs) == 12 * len(one.acts) == len(set(one.epcs))
    seen = one.sightings["gate"]
    assert len(np.unique(seen.tag)) > 6
    assert (np.diff(seen.sent) >= 0).all()
    for act in one.acts:
        crossing = act.movement == "crossing"
        assert (act.direction in (-1, 1)) == crossing == (act.time is not None)
        mine = seen.time[(seen.tag >= act.first) & (seen.tag < act.last)]
        assert act.since - SECOND <= mine.min() <= mine.max() <= act.until + SECOND
        if act.time is not None:
            assert act.since < act.time < act.until


@pytest.mark.parametrize("kind", KINDS)
def test_paths_do_what_their_movement_says(kind: Kind) -> None:
    for seed in range(40):
        for walk in walks(kind, Ground(5.0, (0.5, 2.0)), np.random.default_rng(seed)):
            path = walk.path
            assert (np.diff(path.time) > 0).all()
            begin, end = path.x[0], path.x[-1]
            if walk.movement in ("crossing", "next-lane"):
                assert begin * end < 0
                aside = np.abs(path.y).max()
                assert aside > 3.0 if walk.movement == "next-lane" else aside < 4.0
            elif walk.movement == "near":
                assert len(set(np.sign(path.x))) == 1
                assert np.abs(path.x).min() >= (2.0 if begin > 0 else 0.5) + 0.2  # never between the posts
            elif walk.movement == "turn-back":
                beyond = (-np.sign(begin) * path.x).max()
                assert begin * end > 0
                assert -0.5 <= beyond <= 1.5
            else:
                assert np.ptp(path.x) == np.ptp(path.y) == 0
                assert 45.0 <= path.time[-1] <= 120.0
            if walk.time is not None:
                assert path.at(np.array([walk.time]))[0][0] == pytest.approx(0.0, abs=1e-9)
                later = path.at(np.linspace(walk.time + 0.01, path.time[-1], 50))[0]
                assert (np.sign(later) == walk.direction).all()


def test_the_same_seed_gives_the_same_reads_and_another_one_others() -> None:
    one, again, other = (scene("walk", PLAIN, seed) for seed in (5, 5, 6))
    assert same(one.sightings["gate"], again.sightings["gate"])
    assert one.acts == again.acts
    assert not same(one.sightings["gate"], other.sightings["gate"])


def test_episodes_of_a_series_follow_each_other_with_tags_of_their_own() -> None:
    many = series("two-pallets", PLAIN, 2, 3)
    assert [act.episode for act in many.acts] == [0, 0, 1, 1, 2, 2]
    assert [tag for act in many.acts for tag in act.tags] == list(range(72))
    assert len(set(many.epcs)) == 72
    for before, after in ((1, 2), (3, 4)):
        pause = many.acts[after].since - max(many.acts[n].until for n in (before - 1, before))
        assert pause >= PAUSE * SECOND
    seen = many.sightings["gate"]
    for act in many.acts:
        mine = seen.time[(seen.tag >= act.first) & (seen.tag < act.last)]
        assert act.since - SECOND <= mine.min() <= mine.max() <= act.until + SECOND


def test_two_readers_have_clocks_of_their_own() -> None:
    gate = Gate("two-readers")
    fair, ahead = (scene("walk", Parameters(gate, skew=skew), 3) for skew in (0.0, 3.0))
    assert fair.sides == {("gate", 1): -1, ("gate-2", 1): 1}
    assert same(fair.sightings["gate"], ahead.sightings["gate"])
    other = fair.sightings["gate-2"], ahead.sightings["gate-2"]
    assert (other[1].time - other[0].time == 3 * SECOND).all()
    assert np.array_equal(other[1].sent, other[0].sent)


def test_fewer_reads_of_each_tag_in_a_crowd_and_in_a_session() -> None:
    def per_tag(parameters: Parameters) -> float:
        one = scene("walk", parameters, 4)
        return len(one.sightings["gate"]) / len(one.epcs)

    alone = per_tag(replace(PLAIN, goods=Goods(tags=(1, 1))))
    crowd = per_tag(replace(PLAIN, goods=Goods(tags=(40, 40))))
    session = per_tag(replace(PLAIN, reading=Reading(session="S1")))
    assert alone > 2.0 * crowd > 0.0
    assert per_tag(PLAIN) > 2.0 * session > 0.0


def test_dead_tags_are_never_heard_and_deaf_readers_hear_little() -> None:
    dead = scene("walk", replace(PLAIN, goods=Goods(dead=1.0)), 1)
    assert len(dead.sightings["gate"]) == 0
    deaf = scene("walk", replace(PLAIN, reading=Reading(sensitivity=-45.0)), 1)
    assert len(deaf.sightings["gate"]) < len(scene("walk", PLAIN, 1).sightings["gate"]) / 4


def test_a_better_antenna_is_heard_louder() -> None:
    still = Air(drift=0.0, shadow=0.0)
    usual, better = (
        scene("in-door", Parameters(Gate(gain=(0.0, gain)), still, reading=Reading(noise=0.0)), 2).sightings[
            "gate"
        ]
        for gain in (0.0, 6.0)
    )
    far, louder = (one.rssi[one.antenna == 2].max() for one in (usual, better))
    assert louder - far == pytest.approx(12.0, abs=2.5)  # both ways; other reads are picked


def test_units_keep_the_order_and_lose_the_rest() -> None:
    dbm = np.array([-82.1, -70.0, -55.3, -40.0])
    assert reported(dbm, "dbm").tolist() == [-82.0, -70.0, -55.5, -40.0]
    linear = reported(dbm, "linear")
    assert linear.tolist() == [6.0, 100.0, 2951.0, 100_000.0]
    raw = reported(dbm, "raw")
    assert (np.diff(raw) > 0).all()
    assert 0 <= raw.min() <= raw.max() <= 255
    assert np.isnan(reported(dbm, "missing")).all()
    assert len(set(reported(dbm, "constant").tolist())) == 1


def test_every_draw_is_in_its_range_and_installed_doors_hear_their_tags() -> None:
    doors = [drawn(seed) for seed in range(50)]
    assert all(0.3 <= one <= 2.5 for door in doors for one in door.gate.distance)
    assert all(abs(door.gate.gain[1]) <= 6.0 for door in doors)
    assert {door.goods.tags[0] for door in doors} <= set(range(1, 41))
    assert {door.unit for door in doors} == {"dbm", "linear", "raw"}
    one = installed(3, "two-each")
    assert one == installed(3, "two-each")
    assert one.gate.arrangement == "two-each"
    good = twelve(replace(one, goods=replace(one.goods, dead=0.0)))
    assert np.mean([walked(scene("walk", good, seed)) for seed in range(20, 26)]) > HEARD - 0.1


def test_a_walk_test_counts_the_tags_that_every_side_heard() -> None:
    one = scene("walk", PLAIN, 1)
    assert walked(one) == 1.0
    near = one.sightings["gate"].antenna == 1
    half = Scene(
        one.kind, {"gate": one.sightings["gate"].pick(near)}, one.epcs, one.acts, one.sides, one.doors
    )
    assert walked(half) == 0.0


def test_a_room_knows_where_each_thing_is() -> None:
    labels = labelled(Room(seconds=300.0, things=3), 1)
    again = labelled(Room(seconds=300.0, things=3), 1)
    assert same(labels.sightings, again.sightings)
    assert len(labels.epcs) == len(labels.moves) == 3
    seen = labels.sightings
    assert set(seen.antenna.tolist()) == {1, 2, 3, 4}
    for tag in range(3):
        since, zones = labels.moves[tag]
        assert (np.diff(since) > 0).all()
        # from a zone only to one beside it, but for steps over the middle
        assert (np.diff(zones) != 0).all()
        assert labels.zone(tag, since).tolist() == zones.tolist()
        assert labels.zone(tag, since[1:] - 1).tolist() == zones[:-1].tolist()
    strongest = [
        np.bincount(seen.antenna[seen.tag == tag] - 1, 10.0 ** (seen.rssi[seen.tag == tag] / 10.0)).argmax()
        for tag in range(3)
    ]
    assert all(zone in labels.moves[tag][1] for tag, zone in enumerate(strongest))
