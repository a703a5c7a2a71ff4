"""A GPS world as a file: `waypost replay` reads in it what the receivers said."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from simulators.gps_recording import write_fixes
from simulators.gps_scenario import GpsScenario
from simulators.gps_truth import gps_truth
from simulators.gps_world import NONE, GpsWorld


def world() -> GpsWorld:
    made = GpsWorld(GpsScenario(seed=4, seconds=1800.0, stay=(5.0, 30.0)))
    made.asset("van-1", "vehicle")
    made.asset("gen-7", "equipment", speeds=False)
    return made


def test_the_file_has_what_the_receivers_said(tmp_path: Path) -> None:
    roads = world()
    assert write_fixes(roads, tmp_path / "fixes.csv", 10.0) == 360
    with (tmp_path / "fixes.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["time"] for row in rows] == sorted(row["time"] for row in rows)
    for name in ("van-1", "gen-7"):
        said, mine = roads.received(name, 10.0), [row for row in rows if row["tracker"] == name]
        assert [float(row["lat"]) for row in mine] == pytest.approx(said.lat.tolist(), abs=1e-7)
        assert [float(row["accuracy"]) for row in mine] == pytest.approx(said.accuracy.tolist(), abs=0.006)
        assert [int(row["satellites"]) for row in mine] == said.satellites.tolist()
        assert [row["valid"] == "1" for row in mine] == (said.fix != NONE).tolist()
        assert {row["speed"] == "" for row in mine} == {name == "gen-7"}


def test_nobody_is_an_empty_file(tmp_path: Path) -> None:
    assert write_fixes(GpsWorld(GpsScenario(seconds=60.0)), tmp_path / "fixes.csv", 10.0) == 0
    assert len((tmp_path / "fixes.csv").read_text().splitlines()) == 1


def test_the_truth_as_json() -> None:
    roads = world()
    told = json.loads(json.dumps(gps_truth(roads, 60.0)))
    assert [one["asset"] for one in told["assets"]] == ["van-1", "gen-7"]
    assert len(told["places"]) == len(roads.land.places)
    way = told["assets"][0]["way"]
    time = roads.scenario.start + np.arange(30, dtype=np.int64) * 60_000_000
    at = roads.truth("van-1", time)
    lat, lon = roads.land.frame.degrees(at.east, at.north)
    assert way[0][0] == "2026-01-01T00:00:00.000000Z"
    assert [row[1] for row in way] == pytest.approx(lat.tolist(), abs=1e-7)
    assert [row[2] for row in way] == pytest.approx(lon.tolist(), abs=1e-7)
    assert len(told["stays"]) == len(roads.stays()) >= 2
    assert told["stays"][0]["entered"] is None
