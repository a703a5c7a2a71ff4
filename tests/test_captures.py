"""Whatever `waypost capture` recorded and somebody put under tests/data says what its about.toml says it does.

A capture is a folder with about.toml and capture.bin, or capture.jsonl of a device that talks by messages; `tags` in it
is how many tag reports there are, `fixes` how many positions, `broken` how many stretches or messages that cannot be read.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from core.records import Body, Reads
from drivers.catalog import Device
from drivers.codecs.catalog import CODECS
from drivers.codecs.message_recording import messages
from drivers.codecs.notice import Notice
from drivers.subscriber import Subscriber
from gateway.recording import BYTES, MESSAGES, Told, told
from tests.fuzz.judges import judge

FOLDERS = sorted({file.parent for file in (Path(__file__).parent / "data").glob("**/capture.*")})
each = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")


def about(folder: Path) -> dict[str, object]:
    return tomllib.loads((folder / "about.toml").read_text(encoding="utf-8"))


@each
def test_a_capture_says_what_it_saw(folder: Path) -> None:
    found = about(folder)
    data = (folder / (MESSAGES if "settings" in found else BYTES)).read_bytes()
    assert len(data) == found["bytes"]
    kind = str(found["kind"])
    if "settings" in found:
        counts = (int(str(found.get(name, 0))) for name in ("tags", "fixes", "broken"))
        assert told(kind, device(found), data) == Told(*counts)
    else:
        lines = list(CODECS[kind].decode(data))
        assert sum("tag" in line for line in lines) == found["tags"]
        assert sum("lat" in line for line in lines) == found.get("fixes", 0)
        assert sum("error" in line for line in lines) == found["broken"]


@each
def test_a_session_takes_it_in_any_split(folder: Path) -> None:
    found = about(folder)
    if "settings" not in found:
        data = (folder / BYTES).read_bytes()
        judge(CODECS[str(found["kind"])])(data)
        return
    taken = list(messages((folder / MESSAGES).read_bytes()))
    whole, one_by_one = device(found).session(), device(found).session()
    apart = [said for one in taken for said in one_by_one.receive([one])]
    assert rows(whole.receive(taken)) == rows(iter(apart)) != []


def device(found: dict[str, object]) -> Subscriber:
    """As it was configured when it was recorded."""
    settings = found["settings"]
    assert isinstance(settings, dict)
    made: Device = TypeAdapter(Device).validate_python({"kind": found["kind"], **settings})
    assert isinstance(made, Subscriber)
    return made


def rows(said: Iterator[Body | Notice | object]) -> list[tuple[int, str, int]]:
    """Time, tag and antenna of all reads."""
    return [
        (int(time), one.tags.ids[code], int(antenna))
        for one in said
        if isinstance(one, Reads)
        for time, code, antenna in zip(one.time, one.tag, one.antenna, strict=True)
    ]


def test_positions_are_counted() -> None:
    settings = {"id": "vans", "broker": "main", "topic": "vans", "places": {"lat": "la", "lon": "lo"}}
    vans = device({"kind": "json-fixes", "settings": settings})
    line = (
        b'{"tst": "2026-05-01T12:00:00Z", "topic": "vans", "payload": "{\\"la\\": 53.8, \\"lo\\": -1.5}"}\n'
    )
    assert told("json-fixes", vans, line * 2) == Told(0, 2, 0)
    log = (Path(__file__).parent / "data" / "nmea" / "garmin48.log").read_bytes()
    gps = TypeAdapter(Device).validate_python({"kind": "nmea", "id": "gps", "url": "tcp://127.0.0.1"})
    assert told("nmea", gps, log) == Told(0, 3, 0)


def test_there_is_one() -> None:
    assert FOLDERS
