"""Recordings of real receivers, and what they say: positions as gpsd's own records have them, or degrees + minutes / 60."""

from pathlib import Path

import pytest

from drivers.codecs.catalog import CODECS
from simulators.track import metres

DATA = Path(__file__).parent / "data" / "nmea"

Said = tuple[str, float, float, float | None]
"""Time, latitude, longitude, height."""

RECORDINGS: dict[str, list[Said]] = {
    "cat-ms352": [
        ("2022-11-23T11:39:38.500000Z", 38.714334482, -117.090607585, 1864.182),
        ("2022-11-23T11:39:39.000000Z", 38.714334381, -117.090607617, 1864.172),
    ],
    "explorist": [
        ("2006-05-20T20:06:19.300000Z", 53 + 13.2228 / 60, 6 + 34.4228 / 60, 0.0),
        ("2006-05-20T20:06:20.300000Z", 53 + 13.2228 / 60, 6 + 34.4228 / 60, 0.0),
    ],
    "firefly": [
        ("2010-07-08T00:59:47.000000Z", 37.261026667, -121.961181667, None),
        ("2010-07-08T00:59:59.000000Z", 37.261023333, -121.961165, None),
        ("2010-07-08T01:00:00.000000Z", 37.261023333, -121.961165, None),
    ],
    "furuno": [
        ("2022-07-31T12:02:13.000000Z", 59.950103333, 11.010715, 168.9),
        ("2022-07-31T12:02:14.000000Z", 59.950103333, 11.010715, 168.9),
    ],
    "garmin48": [
        ("2001-06-06T22:53:08.000000Z", -45 - 27.458 / 60, 167 + 9.165 / 60, 14.7),
        ("2001-06-06T22:53:09.000000Z", -45 - 27.458 / 60, 167 + 9.165 / 60, None),
        ("2001-06-06T22:53:10.000000Z", -45 - 27.458 / 60, 167 + 9.165 / 60, 14.6),
    ],
    "gp-320fw": [
        ("2019-04-06T23:57:24.020000Z", 48.149963333, 11.584666667, 464.4),
        ("2019-04-06T23:57:25.020000Z", 48.149961667, 11.584666667, 464.5),
        ("2019-04-06T23:57:27.020000Z", 48.149963333, 11.584666667, 464.5),
        ("2019-04-06T23:57:29.020000Z", 48.149963333, 11.584666667, 464.5),
        ("2019-04-07T00:03:43.030000Z", 48.149988333, 11.584663333, 460.0),
        ("2019-04-07T00:03:45.030000Z", 48.149988333, 11.584663333, 459.9),
    ],
    "humminbird": [
        ("2006-09-16T19:41:01.000000Z", 44 + 26.1130 / 60, -71 - 40.5596 / 60, None),
        ("2006-09-16T19:41:02.000000Z", 44 + 26.1130 / 60, -71 - 40.5579 / 60, None),
        ("2006-09-16T19:41:03.000000Z", 44 + 26.1134 / 60, -71 - 40.5558 / 60, None),
        ("2006-09-16T19:41:04.000000Z", 44 + 26.1138 / 60, -71 - 40.5536 / 60, 267.9),
        ("2006-09-16T19:41:23.000000Z", 44 + 26.1200 / 60, -71 - 40.5159 / 60, None),
        ("2006-09-16T19:41:24.000000Z", 44 + 26.1200 / 60, -71 - 40.5143 / 60, 268.2),
        ("2006-09-16T19:41:11.000000Z", 44 + 26.1203 / 60, -71 - 40.5121 / 60, None),
        ("2006-09-16T19:41:12.000000Z", 44 + 26.1203 / 60, -71 - 40.5100 / 60, None),
    ],
    "myguide": [
        ("2009-10-08T10:50:29.800000Z", 56 + 12.9978 / 60, -3 - 6.7359 / 60, 159.072),
        ("2009-10-08T10:50:30.800000Z", 56 + 12.9978 / 60, -3 - 6.7310 / 60, 159.05),
    ],
    "oncore": [
        ("2005-04-08T17:12:44.000000Z", 52 + 9.7838 / 60, 20 + 48.4818 / 60, None),
        ("2005-04-08T17:12:45.000000Z", 52 + 9.7838 / 60, 20 + 48.4819 / 60, 76.6),
        ("2005-04-08T17:12:46.000000Z", 52 + 9.7839 / 60, 20 + 48.4824 / 60, 76.6),
    ],
    "oxts": [
        ("2014-02-19T20:41:32.000000Z", 42 + 5.733476 / 60, -88 - 2.041110 / 60, None),
        ("2014-02-19T20:41:32.100000Z", 42 + 5.733715 / 60, -88 - 2.040978 / 60, 221.921),
        ("2014-02-19T20:41:32.200000Z", 42 + 5.733946 / 60, -88 - 2.040837 / 60, 221.912),
        ("2014-02-19T20:41:32.900000Z", 42 + 5.735398 / 60, -88 - 2.039584 / 60, 221.872),
        ("2014-02-19T20:41:33.000000Z", 42 + 5.735585 / 60, -88 - 2.039368 / 60, 221.873),
        ("2014-02-19T20:41:33.100000Z", 42 + 5.735766 / 60, -88 - 2.039145 / 60, 221.871),
    ],
    "saab-r4": [
        ("2011-06-01T13:07:11.000000Z", 50 + 12.7908 / 60, -8 - 6.8796 / 60, None),
        ("2011-06-01T13:07:12.000000Z", 50 + 12.7914 / 60, -8 - 6.8796 / 60, None),
    ],
    "telephone": [
        ("2020-02-02T00:01:45.000000Z", 44 + 4.126998 / 60, -121 - 18.844143 / 60, 1133.4),
        ("2020-02-02T00:01:46.000000Z", 44 + 4.126998 / 60, -121 - 18.844143 / 60, 1133.4),
    ],
    "zeus": [
        ("2018-08-20T09:47:37.000000Z", 52 + 51.0084 / 60, 5 + 18.8149 / 60, -4.0),
        ("2018-08-20T09:47:38.000000Z", 52 + 51.0073 / 60, 5 + 18.8130 / 60, -4.0),
    ],
}


def test_every_recording_is_looked_at() -> None:
    assert {file.stem for file in DATA.glob("*.log")} == set(RECORDINGS)


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_says(name: str) -> None:
    lines = list(CODECS["nmea"].decode((DATA / f"{name}.log").read_bytes()))
    fixes = [line for line in lines if "lat" in line]
    assert [line["time"] for line in fixes] == [time for time, _, _, _ in RECORDINGS[name]]
    for line, (_, lat, lon, alt) in zip(fixes, RECORDINGS[name], strict=True):
        assert line["lat"] == pytest.approx(lat, abs=1e-8)
        assert line["lon"] == pytest.approx(lon, abs=1e-8)
        assert line["alt"] == alt
        assert line["valid"] is True
    assert not [line for line in lines if "error" in line]


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_line_that_is_lost_makes_nothing_wrong(name: str) -> None:
    """Any one sentence may be missing: what is still said is right to half a metre."""
    whole = (DATA / f"{name}.log").read_bytes().splitlines(keepends=True)
    right = {time: (lat, lon) for time, lat, lon, _ in RECORDINGS[name]}
    for number in range(len(whole)):
        rest = b"".join(whole[:number] + whole[number + 1 :])
        said = [line for line in CODECS["nmea"].decode(rest) if "lat" in line]
        assert said
        for line in said:
            place = (float(str(line["lat"])), float(str(line["lon"])))
            assert metres(place, right.get(str(line["time"]), place)) < 0.5
