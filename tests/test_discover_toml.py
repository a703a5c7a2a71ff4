"""Findings as text: gateway/discover/proposal.py; what fails among finders: running.py."""

import asyncio
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.llrp import Llrp
from drivers.m100 import M100
from drivers.recorded import Recorded
from drivers.zebra import Zebra
from gateway.configuration import check, load
from gateway.discover import running
from gateway.discover.choice import Choice, brokers, finders
from gateway.discover.finding import Finder, Finding, Report
from gateway.discover.known import Known
from gateway.discover.proposal import Proposals, device
from tests.discovered import Told

KINDS = (
    Finding("serial", "/dev/a", "ready", "m100", "A 1", "M100", {"url": "serial:///dev/a"}, (1,)),
    Finding("serial", "/dev/b", "ready", "mercury", "b", "M6e", {"url": "serial:///dev/b", "region": "na"}, (1,)),
    Finding("serial", "/dev/c", "ready", "uhfreader", "c", "288", {"url": "serial:///dev/c?baud=115200"}, (1,)),
    Finding("network", "10.0.0.5:5084", "busy", "llrp", "10.0.0.5", "LLRP", {"url": "tcp://10.0.0.5:5084"}),
    Finding(
        "network", "10.0.0.6:5085", "ready", "llrp", "10.0.0.6", "LLRP",
        {"url": "tls://10.0.0.6:5085", "tls": {"fingerprint": "ab" * 32}}, tuple(range(1, 33)),
    ),
    Finding("broker", "main: z", "ready", "zebra", "z/data", "Z", {"broker": "main", "topic": "z/data"}, (3,)),
    Finding("serial", "/dev/s", "ready", "scanner", "s", "S", {"url": "serial:///dev/s"}),
    Finding("serial", "/dev/i", "ready", "ssi", "i", "S", {"url": "serial:///dev/i"}),
    Finding("serial", "/dev/rfcomm0", "ready", "tsl", "t", "T", {"url": "serial:///dev/rfcomm0"}),
    Finding("serial", "/dev/g", "ready", "nmea", "g", "G", {"url": "serial:///dev/g?baud=9600"}, None),
    Finding("keyboards", "/dev/w", "ready", "wedge", "w", "W", {"url": "input:///dev/w"}),
    Finding("calls", "10.0.0.8", "ready", "llrp", "10.0.0.8", "L", {"url": "listen://0.0.0.0:5084"}, (1, 2)),
    Finding("broker", "main: i", "ready", "impinj", "i/r700", "I", {"broker": "main", "topic": "i/r700"}, (1,)),
    Finding("broker", "main: h", "ready", "rfd", "h", "H", {"broker": "main", "topic": "h", "events": "h/e"}),
    Finding(
        "broker", "main: j", "ready", "json", 'a "b"\n/data', "J\n[[device]]",
        {"broker": "main", "topic": 'a "b"\n/data', "places": {"tag": "EPC code"}, "units": {"time": "ms"}, "rssi": "raw"},
    ),
)  # fmt: skip


@pytest.mark.parametrize("finding", KINDS, ids=lambda one: one.where)
def test_a_table_is_what_the_settings_take(finding: Finding) -> None:
    proposal = Proposals("hall").proposal(finding)
    table = proposal.table
    assert table is not None
    (read,) = tomllib.loads(proposal.toml())["device"]
    assert read == table
    settings = device(read)
    assert settings is not None
    ports = () if finding.ports is None else finding.ports or (0,)
    assert [(one.port, one.zone) for one in settings.antennas] == [(port, "hall") for port in ports]
    assert proposal.json()["device"] == table


def test_all_of_them_beside_each_other_pass_the_check(tmp_path: Path) -> None:
    proposals = Proposals("hall")
    tables = "\n".join(proposals.proposal(one).toml() for one in KINDS)
    file = tmp_path / "waypost.toml"
    broker = '[[broker]]\nid = "main"\nurl = "mqtt://x"\n'
    file.write_text(f'[site]\nid = "leeds"\n[[zone]]\nid = "hall"\n{broker}{tables}\n')
    checked = check(file)
    assert [str(one) for one in checked.problems if one.level == "error"] == []
    assert checked.settings is not None
    assert len(checked.settings.device) == len(KINDS)


def test_ids_are_new_and_stay_within_what_an_id_may_be() -> None:
    proposals = Proposals("hall", [M100(id="m100-A-1", url="serial:///dev/x")])
    ids = []
    for number in range(3):
        table = proposals.proposal(replace(KINDS[0], settings={"url": f"serial:///dev/a{number}"})).table
        assert table is not None
        ids.append(table["id"])
    assert ids == ["m100-A-1-2", "m100-A-1-3", "m100-A-1-4"]
    long = Finding(
        "x", "x", "ready", "m100", "/" * 10 + "é" * 80 + "a" * 80, settings={"url": "serial:///dev/a"}
    )
    assert proposals.proposal(long).table is not None


def test_two_that_cannot_be_beside_each_other() -> None:
    proposals = Proposals("hall")
    called = replace(KINDS[3], settings={"url": "listen://0.0.0.0:5084"})
    assert proposals.proposal(called).table is not None
    second = proposals.proposal(called)
    assert second.table is None
    assert "it has room for one" in second.reason
    assert "it has room for one" in str(second.json()["remarks"])


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (
            Finding("x", "/dev/g", kind="gps", model="NMEA"),
            "# /dev/g: NMEA\n# gps: this version has no [[device]] for it",
        ),
        (
            Finding("x", "/dev/n", "unknown", remarks=("silent",)),
            "# /dev/n: nobody knows what it is\n# silent",
        ),
        (
            Finding("x", "/dev/k", kind="m100", known="a"),
            "# /dev/k: in the configuration as a",
        ),
        (Finding("x", "/dev/h", "busy", model="FTDI"), "# /dev/h: FTDI; found, busy"),
    ],
)
def test_what_is_no_device_is_a_comment(finding: Finding, text: str) -> None:
    proposal = Proposals("hall").proposal(finding)
    assert proposal.table is None
    assert proposal.toml() == text
    assert tomllib.loads(text) == {}
    assert proposal.json()["device"] is None


def test_what_the_configuration_has() -> None:
    known = Known(
        [
            Llrp(id="door1", url="tcp://10.0.0.5"),
            Llrp(id="door2", url="tls://reader.example"),
            Llrp(id="door3", url="listen://0.0.0.0:5084"),
            M100(id="shelf", url="serial:///dev/null?baud=9600"),
            Zebra(id="door9", broker="main", topic="zebra/+/data", events="zebra/door9/events"),
            Recorded(id="old"),
        ]
    )
    assert known.address("10.0.0.5", 5084) == "door1"
    assert known.address("10.0.0.5", 5085) is None
    assert known.address("reader.example", 5085) == "door2"
    assert known.address("0.0.0.0", 5084) is None
    assert (known.listener(5084), known.listener(5085)) == ("door3", None)
    assert known.port("/dev/../dev/null") == "shelf"
    assert known.port("/dev/zero") is None
    assert known.topic("main", "zebra/door1/data") == "door9"
    assert known.topic("main", "zebra/door9/events") == "door9"
    assert known.topic("other", "zebra/door1/data") is None


class Failing:
    """A finder that finds something, and then fails."""

    def __init__(self, error: Exception | None, name: str = "failing") -> None:
        self._error = error
        self.name = name

    async def find(self, report: Report, until: float) -> None:
        report.found(Finding(self.name, self.name))
        if self._error is not None:
            raise self._error


class Hanging:
    """A finder that does not know when to stop."""

    name = "hanging"

    async def find(self, report: Report, until: float) -> None:
        await asyncio.Event().wait()


def test_one_that_fails_stops_nobody_and_says_so_in_one_line() -> None:
    told = Told()
    group = ExceptionGroup("several", [ExceptionGroup("inner", [OSError("no\nnetwork")])])
    several: list[Finder] = [
        Failing(group, "a"), Failing(KeyError(), "b"), Failing(None, "c"), Failing(RuntimeError("oh"), "d"), Hanging(),
    ]  # fmt: skip
    assert asyncio.run(running.run(several, told, 0.0 - running.GRACE_SECONDS)) == 4
    assert sorted(told.findings) == ["a", "b", "c", "d"]
    assert sorted(told.lines) == [
        "a: no network",
        "b: KeyError",
        "d: failed by a fault of its own: RuntimeError: oh",
        "hanging: took too long and was ended",
    ]


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        (Choice(only=("radio",)), "--only radio: no such way to look; use serial, keyboards, network"),
        (Choice(networks=("door",)), "--network: door is no network"),
        (Choice(listen="door"), "--listen door: no port from 1 to 65535"),
        (Choice(listen="10.0.0.2:0"), "--listen 10.0.0.2:0: no port"),
        (Choice(broker="http://x"), "--broker: is no address of an MQTT broker"),
        (Choice(broker="mqtt://x", user="u", password="secret"), "--broker-password: a secret may not stand"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_remedy(choice: Choice, reason: str) -> None:
    with pytest.raises(ValueError, match=reason.replace("[", r"\[")):
        finders(choice, None, Known())


def test_what_is_chosen_is_looked_for() -> None:
    assert [one.name for one in finders(Choice(), None, Known())] == [
        "serial",
        "keyboards",
        "network",
        "calls",
    ]
    some = Choice(only=("broker", "calls", "calls"), broker="mqtt://x", listen="[::1]:99")
    assert [one.name for one in finders(some, None, Known())] == ["broker discovered", "calls"]
    assert [one.url for one in brokers(some, None)] == ["mqtt://x"]


def test_a_broker_of_the_configuration_is_taken_as_it_stands_there(tmp_path: Path) -> None:
    file = tmp_path / "waypost.toml"
    file.write_text('[site]\nid = "leeds"\n[[broker]]\nid = "discovered"\nurl = "mqtt://x"\nusername = "u"\n')
    loaded = load(file)
    assert [(one.id, one.username) for one in brokers(Choice(), loaded)] == [("discovered", "u")]
    assert [(one.id, one.username) for one in brokers(Choice(broker="mqtt://x"), loaded)] == [
        ("discovered", "u")
    ]
    other = brokers(Choice(broker="mqtt://y"), loaded)
    assert [(one.id, one.url) for one in other] == [("discovered-2", "mqtt://y")]
    stranger = brokers(Choice(broker="mqtt://x", user="v"), loaded)
    assert [(one.id, one.username) for one in stranger] == [("discovered-2", "v")]
