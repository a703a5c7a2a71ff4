"""What is counted of which tracker, and that it is bounded: drivers/tracker_counts.py."""

from drivers.tracker_counts import KNOWN, NAMED, TrackerCounts
from tests.llrp_scene import FakeLink


def test_the_counters_of_trackers_are_those_of_the_worst() -> None:
    link = FakeLink()
    counts = TrackerCounts(link)
    for number in range(NAMED):
        counts.count(f"t{number}", "bad_crc", number + 1)
    counts.count("new", "bad_crc")
    counts.count("", "malformed")
    assert link.counters["t0: bad_crc"] == 0
    assert link.counters["t1: bad_crc"] == 2
    assert link.counters["new: bad_crc"] == 1
    assert link.counters["malformed"] == 1
    assert link.counters["bad_crc"] == sum(range(NAMED + 1)) + 1


def test_the_tracker_heard_least_recently_makes_room() -> None:
    link = FakeLink()
    counts = TrackerCounts(link)
    assert all(counts.heard(str(number)) for number in range(KNOWN))
    assert not counts.heard("0")
    assert counts.heard("new")
    assert [counts.heard(one) for one in ("0", "2", "1", "3", "2")] == [False, False, True, True, False]
    assert link.counters["trackers"] == KNOWN
    counts.close()
    assert link.counters["trackers"] == 0
