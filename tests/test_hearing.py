"""Columns and rows do the same: dense batches of several sources, with outages between them."""

import subprocess
import sys
from dataclasses import replace
from math import floor
from pathlib import Path

import pytest
from hypothesis import given, settings

from core.hearing import VECTOR
from core.records import Alive, AntennaState, Down, Reads, Up, reads
from tests.lives import CROWD, NOISE, SITE, TAGS, Life, Said, ending, inputs, lives, play
from tests.played import at, seconds


@given(lives())
@settings(max_examples=40, deadline=None)
def test_columns_and_rows_say_the_same(life: Life) -> None:
    said = ending(inputs(life))
    whole = play(said)
    assert whole == play(said, 1)
    assert whole == play(said, VECTOR)


Read = tuple[float, int, int]
"""Second, tag code, port."""


def batch(*some: Read) -> Reads:
    """These reads at -60 dBm, among a crowd of reads of another tag in the same second."""
    second = int(some[0][0])
    crowd = [(second + number / VECTOR, CROWD, 2) for number in range(VECTOR)]
    times, tags, ports = zip(*sorted([*crowd, *some], key=lambda one: one[0]), strict=True)
    return reads(TAGS, map(at, times), tags, ports, [-60] * len(times))


def told(said: Said) -> list[tuple[str, str | None, str | None, float, float]]:
    """Events of A and B, or of their item, with the moments that they are about and at which they were decided."""
    said = ending(said)
    whole = play(said)
    assert whole == play(said, 1)
    return [
        (event.kind, event.place, event.from_place, seconds(event.time), seconds(event.detected))
        for event in whole[0]
        if event.item is not None and seconds(event.detected) < 600
    ]


def crowd_after(second: float) -> float:
    """The first read of the crowd behind a time."""
    return round(floor(second) + (floor(second % 1 * VECTOR) + 1) / VECTOR, 6)


SURE = crowd_after(10.6)
"""By then the office's beginning at 10.1 is half a second ago."""


def test_a_reader_that_is_behind_changes_the_past_in_the_middle_of_a_batch() -> None:
    said: Said = [
        ("inner", batch((10.1, 0, 1))),
        ("inner", Alive(at(11))),
        ("both", batch((9.1, 0, 1), (9.9, 0, 1))),
    ]
    assert told(said) == [
        ("arrived", "hall", None, 10.1, SURE),
        ("arrived", "office", None, 10.1, SURE),
        ("retracted", "hall", None, 10.1, 9.1),
        ("retracted", "office", None, 10.1, 9.1),
        ("arrived", "hall", None, 9.1, 9.1),
        ("arrived", "office", None, 9.1, 9.1),
    ]


def test_a_pass_may_begin_before_the_visits_of_its_source_are_decided() -> None:
    hasty = replace(SITE.sources[2], lateness=0.0)
    site = replace(SITE, sources=(*SITE.sources[:2], hasty))
    said: Said = [("both", batch((10.2, 0, 1), (10.4, 2, 1), (10.3, 0, 2), (10.5, 2, 1)))]
    assert play(said, site=site) == play(said, 1, site)


def test_a_zone_hears_more_of_whom_another_reader_heard_elsewhere() -> None:
    said: Said = [
        ("both", batch((7.1, 0, 1))),
        ("both", Down(at(7.99), "lost")),
        ("inner", batch((7.5, 0, 2))),
        ("inner", Alive(at(8.6))),
        ("both", Up(at(9))),
        ("both", batch((8.1, 1, 4), (8.8, 0, 1), (8.9, 1, 4))),
        ("both", Alive(at(9.5))),
    ]
    assert told(said)[:2] == [
        ("arrived", "attic", None, 7.5, 8.6),
        ("retracted", "attic", None, 7.5, crowd_after(8.1)),
    ]


def test_a_visit_that_goes_on_through_blindness_in_the_middle_of_a_batch() -> None:
    said: Said = [
        ("inner", batch((10.1, 0, 1))),
        ("inner", AntennaState(at(11), 1, False)),
        ("inner", batch((20.1, 0, 2), (20.9, 0, 1))),
        ("inner", batch((24.1, 0, 2), (24.9, 0, 2))),
    ]
    assert told(said)[:2] == [("arrived", "hall", None, 10.1, SURE), ("arrived", "office", None, 10.1, SURE)]


def test_noise_in_a_batch_that_is_taken_in_turn_moves_time() -> None:
    said: Said = [
        ("inner", batch((10.1, 0, 1))),
        ("inner", Alive(at(11))),
        ("both", batch((9.1, 0, 1), (9.15, 3, 1), (9.9, 0, 1))),
    ]
    assert len(told(said)) == 6
    assert play(said)[2]["both"]["noise"] == 1


@pytest.mark.parametrize(("tag", "count"), [(CROWD, "duplicates"), (TAGS.code(NOISE), "noise")])
def test_a_batch_of_which_nothing_is_left_moves_time_alone(tag: int, count: str) -> None:
    times = [at(10 + number / 1_000) for number in range(VECTOR)]
    burst = reads(TAGS, times, [tag] * VECTOR, [2] * VECTOR, [-60] * VECTOR)
    said: Said = [("both", burst), ("both", burst)]
    whole = play(said)
    assert whole == play(said, 1)
    assert whole[2]["both"][count] >= VECTOR


CROWDED = """
import sys
from core.hearing import VECTOR
from core.pipeline import Pipeline
from core.records import Dictionary, Input, reads
from core.site import Antenna, Site, Source, Zone
pipeline = Pipeline(Site("s", (Zone("z"),), (), (Source("a", (Antenna(1, zone="z"),)),)))
times = [1_760_000_000_000_000 + 10_000 * number for number in range(2 * VECTOR)]
body = reads(Dictionary(["A0", "B0"]), times, [0, 1] * VECTOR, [1, 1] * VECTOR, [-60.0, -60.0] * VECTOR)
loaded = set(sys.modules)
assert pipeline.step(Input("a", times[-1], body)).events
print(sorted(set(sys.modules) - loaded))
"""


def test_the_first_columns_load_no_modules() -> None:
    """numpy.unique does, masked arrays: a tenth of a second in which no device has its turn."""
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", CROWDED], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
