"""What the journal tells about itself."""

from gateway.counters import RECENT, Counters, percentile
from gateway.retention import Drop


def test_percentiles_are_of_the_recent_commits() -> None:
    counters = Counters()
    assert counters.counts(0, 0).p50 is None
    for seconds in range(RECENT + 100):
        counters.committed(float(seconds), 10, [])
    counts = counters.counts(5, 6)
    assert (counts.commits, counts.payload, counts.size, counts.lost) == (
        RECENT + 100,
        10 * RECENT + 1000,
        5,
        6,
    )
    assert counts.p50 == 100 + RECENT // 2 - 1
    assert counts.p99 == 100 + RECENT * 0.99 - 1


def test_percentile_is_the_nearest_rank() -> None:
    assert percentile([], 0.5) is None
    assert percentile([7.0], 0.99) == 7
    assert percentile([1.0, 2.0], 0.5) == 1
    assert percentile([1.0, 2.0], 0.51) == 2


def test_drops_add_up_by_stream() -> None:
    counters = Counters()
    counters.committed(0.1, 0, [Drop("reads", 1, 10, "max_bytes", 4), Drop("events", 3, 3, "max_bytes", 0)])
    counters.committed(0.1, 0, [Drop("reads", 11, 11, "max_bytes", 1)])
    counts = counters.counts(0, 0)
    assert counts.dropped == {"reads": 11, "events": 1}
    assert counts.unsent == {"reads": 5, "events": 0}


def test_trouble_lasts_until_the_next_good_commit() -> None:
    counters = Counters()
    counters.failed(OSError("no room"))
    counters.checkpoint_failed(OSError("still none"))
    counts = counters.counts(0, 0)
    assert (counts.failures, counts.checkpoint_failures, counts.trouble) == (1, 1, "still none")
    counters.committed(0.1, 0, [])
    assert counters.counts(0, 0).trouble is None
