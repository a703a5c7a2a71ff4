"""`waypost decode --device`: what a device's driver would make of messages, told a line for each tag, fix and scan."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from core.records import Alive
from drivers.codecs.notice import Notice
from drivers.codecs.said_lines import lines
from gateway.commands.all import application

TOML = """
[site]
id = "s"
[[zone]]
id = "dock"
[[broker]]
id = "main"
url = "mqtt://127.0.0.1"
[[device]]
id = "gate"
kind = "json"
broker = "main"
topic = "gates/{port}/tags"
presence = { topic = "gates/state" }
places = { items = "tags", tag = "epc", time = "at", antenna = "{port}", rssi = "power", phase = "angle" }
antennas = [{ port = 0, zone = "dock" }]
[[device]]
id = "vans"
kind = "json-fixes"
broker = "main"
topic = "vans/fix"
places = { lat = "la", lon = "lo", time = "at", speed = "v", tracker = "who" }
units = { speed = "kmh" }
[[device]]
id = "packing"
kind = "json-scans"
broker = "main"
topic = "packing"
places = { code = "c", time = "at" }
[[device]]
id = "wire"
kind = "recorded"
antennas = [{ port = 0, zone = "dock" }]
"""
AT = "2026-05-01T12:00:00Z"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "waypost.toml"
    path.write_text(TOML)
    return path


def decode(config: Path, kind: str, device: str, *lines: str) -> Result:
    arguments = ["decode", kind, "-", "--device", device, "--config", str(config)]
    return CliRunner().invoke(application, arguments, input="\n".join(lines))


def rows(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_reads_behind_their_topic_and_as_they_were_captured(config: Path) -> None:
    tag = {"epc": "E200", "at": AT, "power": -61.5, "angle": 1.25}
    bare = json.dumps({"tags": [tag, {"epc": "E280", "at": AT}]})
    kept = {"tst": AT, "topic": "gates/2/tags", "retain": 0, "payload": json.dumps({"tags": {"epc": "E201"}})}
    done = decode(config, "json", "gate", f"gates/1/tags {bare}", "", json.dumps(kept))
    shared = {"time": "2026-05-01T12:00:00.000000Z", "count": 1}
    assert rows(done.stdout) == [
        {**shared, "tag": "E200", "antenna": 1, "rssi": -61.5, "phase": 1.25},
        {**shared, "tag": "E280", "antenna": 1, "rssi": None, "phase": None},
        {**shared, "tag": "E201", "antenna": 2, "rssi": None},
    ]
    assert (done.exit_code, done.stderr) == (0, "")


def test_fixes_in_units_of_the_device(config: Path) -> None:
    message = json.dumps({"la": 53.8, "lo": -1.55, "at": AT, "v": 36, "who": 7}, indent=1)
    done = decode(config, "json-fixes", "vans", *message.splitlines())
    (row,) = rows(done.stdout)
    assert (row["tracker"], row["lat"], row["speed"], row["time"]) == (
        "tracker:7",
        53.8,
        10.0,
        "2026-05-01T12:00:00.000000Z",
    )
    done = decode(config, "json-fixes", "vans", json.dumps({"la": 0, "lo": 0, "at": AT, "who": 7}))
    assert rows(done.stdout)[0]["valid"] is False
    (counted,) = rows(done.stderr)
    assert (counted["message"], counted["zero_position"]) == ("counted", 1)


def test_scans(config: Path) -> None:
    done = decode(config, "json-scans", "packing", json.dumps({"c": "4006381333931", "at": AT}))
    (row,) = rows(done.stdout)
    assert (row["code"], row["symbology"], row["operator"]) == ("4006381333931", None, None)
    assert str(row["tag"]).startswith("barcode:")


def test_what_is_not_understood_ends_with_2(config: Path) -> None:
    tag = json.dumps({"tags": {"epc": "E200", "at": AT}})
    done = decode(config, "json", "gate", "nonsense", f"gates/1/tags {tag}", "gates/state connected", tag)
    assert done.exit_code == 2
    assert [row["tag"] for row in rows(done.stdout)] == ["E200"]
    assert "cannot be understood" in str(rows(done.stderr)[0]["error"])
    kept = json.dumps({"topic": "gates/state", "payload": "connected"})
    done = decode(config, "json", "gate", kept)
    assert rows(done.stderr)[0]["message"] == "state"
    assert next(lines(Alive(5)))["message"] == "alive"
    assert list(lines(Notice("overflow", "it lost some"))) == [
        {"message": "overflow", "text": "it lost some"}
    ]


@pytest.mark.parametrize(
    ("kind", "device", "says"),
    [
        ("json", "door", "no device door; the configuration has gate, packing, vans, wire"),
        ("json", "vans", "vans is of kind json-fixes; write `waypost decode json-fixes`"),
        ("json", "wire", "wire is on no broker; leave --device out"),
    ],
)
def test_a_device_that_it_can_not_be(config: Path, kind: str, device: str, says: str) -> None:
    done = decode(config, kind, device, "{}")
    assert (done.exit_code, done.stderr) == (2, says + "\n")
