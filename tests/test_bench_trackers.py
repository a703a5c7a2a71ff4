"""waypost bench gps, the rows of trackers: they are there, and are measured."""

from pathlib import Path

from gateway.bench.trackers import MEMORY, RECORDS, SHARE, trackers


def test_their_rows(tmp_path: Path) -> None:
    rate, share, memory = trackers(0.01, tmp_path, 3, settle=0.5)
    assert (rate.name, rate.unit, rate.target) == ("gps teltonika", "records/s", RECORDS)
    assert (share.name, share.target, share.better) == ("gps trackers: CPU", SHARE, "lower")
    assert (memory.name, memory.target, memory.better) == ("gps trackers: memory", MEMORY, "lower")
    assert rate.value is not None
    assert rate.value > 0
    assert "3 connections" in share.conditions
