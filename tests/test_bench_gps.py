"""waypost bench gps: the rows are there, and are measured."""

from gateway.bench.gps import TARGET, gps


def test_its_rows() -> None:
    (row,) = gps(0.01)
    assert (row.name, row.unit, row.target) == ("gps nmea", "x", TARGET)
    assert row.value is not None
    assert row.value > 0
