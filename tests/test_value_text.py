"""What `waypost check` shows of a configuration: values in TOML's words, secrets never."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.commands.all import application
from gateway.configuration import check
from gateway.problems import KeyPath
from gateway.value_text import MOST, shown

SITE = '[site]\nid = "s"\n[[zone]]\nid = "z"\n'
READER = SITE + '[[device]]\nid = "r"\nkind = "llrp"\nurl = "tcp://10.0.0.1"\n'


@pytest.mark.parametrize(
    ("value", "path", "text"),
    [
        ("yard", ("zone", 0, "id"), "'yard'"),
        (True, (), "true"),
        ([1, "a", False], (), "[1, 'a', false]"),
        ({}, (), "{}"),
        ({"gpi": 1, "hold": {"a": "b"}}, (), "{ gpi = 1, hold = { a = 'b' } }"),
        ("x" * 100, (), "'" + "x" * (MOST - 4) + "..."),
        ("hunter2", ("web", "password"), "***"),
        (["hunter2"], ("web", "api_key"), "***"),
        ("env:DSN", ("timescale", "dsn"), "'env:DSN'"),
        ("credential:dsn", ("timescale", "dsn"), "'credential:dsn'"),
        ({"dsn": "hunter2", "a": 1}, ("timescale",), "{ dsn = ***, a = 1 }"),
        ([{"token": "hunter2"}], ("broker",), "[{ token = *** }]"),
        ("hunter2", ("secrets", "one"), "***"),
        ("mqtt://u:hunter2@h:1883/x", ("broker", 0, "url"), "'mqtt://u:***@h:1883/x'"),
        ("mqtt://u:p@hunter2@h", ("a",), "'mqtt://u:***@h'"),
        ("postgres://h/db?user=u&password=hunter2&x=1", ("a",), "'postgres://h/db?user=u&password=***&x=1'"),
        ("host=h password=hunter2 port=1", ("a",), "'host=h password=*** port=1'"),
        (30, ("portal", 0, "max_pass"), "30"),
        ("monkey", ("keyboard",), "'monkey'"),
    ],
)
def test_a_value_is_shown_without_secrets(value: object, path: KeyPath, text: str) -> None:
    assert shown(value, path) == text


@pytest.mark.parametrize(
    "table",
    [
        '[timescale]\ndsn = "postgres://u:hunter2@h/db"',
        '[[broker]]\nurl = "mqtt://u:hunter2@h"',
        '[web]\npassword = "hunter2"',
        '[[device]]\nid = "r"\nkind = "llrp"\nurl = "tcp://u:hunter2@h:1"',
        '[[device]]\nid = "r"\nkind = "llrp"\nurl = "http://u:hunter2@h"',
        '[[device]]\nid = "r"\nkind = "llrp"\nurl = "tcp://h:hunter2@h:x"\ntoken = "hunter2"',
        '[[device]]\nid = "r"\nkind = "web"\npassword = "hunter2"',
        '[journal]\npath = { password = "hunter2" }',
    ],
)
@pytest.mark.parametrize("option", [[], ["--json"]])
def test_check_prints_no_secret(table: str, option: list[str], tmp_path: Path) -> None:
    (tmp_path / "waypost.toml").write_text(f"{SITE}{table}\n")
    done = CliRunner().invoke(application, ["check", *option, str(tmp_path / "waypost.toml")])
    assert done.exit_code == 1
    assert "hunter2" not in done.output
    assert "waypost.toml" in done.stdout
    if option:
        assert all(json.loads(line)["reason"] for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("trigger", "says"),
    [
        (
            "{ gpi = 1, period = 3 }",
            "trigger = { gpi = 1, period = 3 }: fits none of the forms that it may have. "
            "Write { gpi = ..., hold = ... } or { period = ..., duration = ... }.",
        ),
        ("{ gpi = 1, hold = 2, period = 3 }", "Write { gpi = ..., hold = ... } or { period"),
        ("{}", "trigger = {}: fits none of the forms"),
        ("7", "trigger = 7: fits none of the forms"),
        ("{ gpi = 1 }", "trigger.hold: is missing. Add hold."),
        ("{ gpi = 1, hold = 0 }", "trigger.hold = 0: out of range"),
        ("{ gpi = 1, hold = 3, hihg = true }", "trigger.hihg = true: unknown key. Write high"),
    ],
)
def test_what_forms_a_table_may_have_is_told(trigger: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "waypost.toml"
    path.write_text(f"{READER}trigger = {trigger}\n")
    (problem,) = (one for one in check(path).problems if one.level == "error")
    assert f"{path}:9: error: device[0]." in str(problem)
    assert says in str(problem)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("tcp://x:99999", "'tcp://x:99999': the port is no number from 1 to 65535. Write tcp://HOST:PORT"),
        ("tcp://x:0", "the port is no number from 1 to 65535"),
        ("tcp://x:abc", "the port is no number from 1 to 65535"),
        ("tcp://", "names no host. Write tcp://HOST:PORT"),
        ("tcp://[::1", "is no URL. Write tcp://HOST:PORT"),
        ("x", "names no way to connect. Begin it with tcp://, tls:// or listen://"),
        ("tcp://h/x", "holds more than a host and a port. Write tcp://HOST:PORT"),
        ("tcp://:pass@h", "holds more than a host and a port. Write tcp://HOST:PORT"),
    ],
)
def test_an_address_is_refused_with_the_reason(url: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "waypost.toml"
    path.write_text(READER.replace("tcp://10.0.0.1", url))
    (problem,) = (one for one in check(path).problems if one.level == "error")
    assert f"{path}:8: error: device[0].url = " in str(problem)
    assert says in str(problem)
