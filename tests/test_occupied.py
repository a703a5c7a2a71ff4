"""Two devices that want the same port, connection or topic: gateway/occupied.py, through `waypost check`."""

from pathlib import Path

import pytest

from gateway.configuration import check

SITE = '[site]\nid = "leeds"\n[[zone]]\nid = "yard"\n[[broker]]\nid = "main"\nurl = "mqtt://localhost"\n'
SITE += '[[broker]]\nid = "other"\nurl = "mqtt://localhost:1884"\n'
ANTENNAS = 'antennas = [{ port = 1, zone = "yard" }]\n'


def told(tmp_path: Path, *devices: str) -> list[tuple[str, str]]:
    """Level and key of what is said of these devices, and that the first of them is named."""
    text = SITE
    for number, device in enumerate(devices):
        text += f'[[device]]\nid = "device{number}"\n{device}\n{ANTENNAS}'
    path = tmp_path / "waypost.toml"
    path.write_text(text)
    found = [one for one in check(path).problems if one.key.startswith("device")]
    assert all("device0 has it" in str(one) for one in found)
    return [(one.level, one.key) for one in found]


def on(url: str, kind: str = "llrp", more: str = "") -> str:
    return f'kind = "{kind}"\nurl = "{url}"\n{more}'


def topic(name: str, broker: str = "main") -> str:
    return f'kind = "json"\nbroker = "{broker}"\ntopic = "{name}"\nplaces = {{ tag = "epc" }}'


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (on("serial:///dev/ttyUSB0", "m100"), on("serial:///dev/ttyUSB0?baud=57600", "uhfreader")),
        (on("serial:///dev/ttyUSB%30", "m100"), on("serial:///dev//ttyUSB0", "m100")),
        (on("tcp://10.0.0.5"), on("tcp://10.0.0.5:5084")),
        (on("tls://Door.example"), on("tls://door.example.:5085")),
        (on("tcp://10.0.0.9", "m100"), on("tcp://10.0.0.9:6000", "uhfreader")),
        (on("listen://0.0.0.0:5084"), on("listen://10.0.0.1")),
        (on("listen://127.0.0.1"), on("listen://[::]:5084")),
        (on("listen://127.0.0.1:7000"), on("listen://127.0.0.1:7000")),
        (on("tcp://10.0.0.9", "scanner"), on("tcp://10.0.0.9:4001", "ssi")),
        (on("input:///dev/input/event3", "wedge"), on("input:///dev/input/event3", "wedge")),
        (on("udp://0.0.0.0", "nmea"), on("udp://127.0.0.1:10110", "nmea")),
    ],
)
def test_what_has_room_for_one(first: str, second: str, tmp_path: Path) -> None:
    assert told(tmp_path, first, second) == [("error", "device[1].url")]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (on("serial:///dev/ttyUSB0", "m100"), on("serial:///dev/ttyUSB1", "m100")),
        (on("tcp://10.0.0.5"), on("tcp://10.0.0.5:5085")),
        (on("tcp://10.0.0.5"), on("tcp://10.0.0.5", "m100")),
        (on("listen://127.0.0.1"), on("listen://127.0.0.2")),
        (on("listen://0.0.0.0:5084"), on("tcp://10.0.0.5:5084")),
        (topic("gates/a"), topic("gates/b")),
        (topic("gates/a"), topic("gates/a", "other")),
        ('kind = "recorded"', 'kind = "recorded"'),
        (on("tcp://127.0.0.1", "gpsd"), on("tcp://127.0.0.1", "gpsd")),
        (on("udp://0.0.0.0:5084", "nmea"), on("listen://0.0.0.0:5084")),
    ],
)
def test_what_is_not_the_same(first: str, second: str, tmp_path: Path) -> None:
    assert told(tmp_path, first, second) == []


def test_three_at_one_place_are_told_twice(tmp_path: Path) -> None:
    same = on("serial:///dev/ttyUSB0", "m100")
    assert told(tmp_path, same, same, same) == [("error", "device[1].url"), ("error", "device[2].url")]


def test_a_topic_that_two_are_told_of_is_a_warning(tmp_path: Path) -> None:
    """One may look for reads in a message, the other for something else."""
    assert told(tmp_path, topic("gates/{port}"), topic("gates/+")) == [("warning", "device[1].topic")]
