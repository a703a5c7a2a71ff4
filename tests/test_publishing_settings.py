"""[mqtt] and [webhook]: what an operator may write, and what `waypost check` says of the rest."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.configuration import check
from gateway.problems import Problem

SITE = '[site]\nid = "leeds"\n[[zone]]\nid = "yard"\n'


def problems(tmp_path: Path, text: str) -> list[Problem]:
    path = tmp_path / "waypost.toml"
    path.write_text(SITE + text, encoding="utf-8")
    return list(check(path).problems)


@pytest.mark.parametrize(
    "text",
    [
        '[mqtt]\nurl = "mqtt://broker"',
        '[mqtt]\nurl = "mqtt://[fd00::1]:1884"\nstreams = ["gaps"]\nprefix = "a/b"',
        '[mqtt]\nurl = "mqtts://broker"\nusername = "u"\npassword = "credential:broker"\nca = "a"\ncert = "b"\nkey = "c"',
        '[mqtt]\nurl = "mqtts://broker"\ncert = "both.pem"\nclient_id = "a b"',
        '[webhook]\nurl = "https://hooks.example/a?b=c"\nsecret = "env:A"\nstreams = ["reads"]\nca = "a.pem"',
        '[webhook]\nurl = "env:HOOK"\ntimeout = 300\nca = "a.pem"',
        '[webhook]\nurl = "http://[::1]:8080"',
    ],
)
def test_what_is_right_is_not_complained_about(tmp_path: Path, text: str) -> None:
    assert problems(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "key", "reason", "remedy"),
    [
        ("[mqtt]", "mqtt.url", "is missing", "Add url"),
        ('[mqtt]\nurl = "tcp://broker"', "mqtt.url", "no address of an MQTT broker", "mqtt://HOST"),
        ('[mqtt]\nurl = "mqtt://broker:0"', "mqtt.url", "no address", "mqtt://HOST"),
        ('[mqtt]\nurl = "mqtt://broker:x"', "mqtt.url", "is no URL", "mqtt://HOST"),
        ('[mqtt]\nurl = "mqtt://broker/topic"', "mqtt.url", "more than a host", "mqtt://HOST"),
        (
            '[mqtt]\nurl = "mqtt://u:hunter2@broker"',
            "mqtt.url",
            "a secret may not stand",
            'password = "env:NAME"',
        ),
        (
            '[mqtt]\nurl = "mqtt://b"\npassword = "hunter2"',
            "mqtt.password",
            "a secret may not stand",
            "env:NAME",
        ),
        ('[mqtt]\nurl = "mqtt://b"\npassword = "env:A"', "mqtt", "without a name", "Add username"),
        ('[mqtt]\nurl = "mqtts://b"\nkey = "a"', "mqtt", "without its certificate", "Add cert"),
        ('[mqtt]\nurl = "mqtt://b"\nca = "a"', "mqtt", "mqtt:// has no certificates", "mqtts://"),
        (
            '[mqtt]\nurl = "mqtt://b"\nprefix = "a/#"',
            "mqtt.prefix",
            "no beginning of a topic",
            "without +, #",
        ),
        ('[mqtt]\nurl = "mqtt://b"\nprefix = "/a"', "mqtt.prefix", "no beginning of a topic", "Write"),
        (
            '[mqtt]\nurl = "mqtt://b"\nstreams = ["reads"]',
            "mqtt.streams[0]",
            "not one of the choices",
            "'events'",
        ),
        ('[mqtt]\nurl = "mqtt://b"\nstreams = ["gaps", "gaps"]', "mqtt.streams", "named twice", "once"),
        (
            '[mqtt]\nurl = "mqtt://b"\nkeepalive = 1',
            "mqtt.keepalive",
            "out of range",
            "greater than or equal to 5",
        ),
        ('[mqtt]\nurl = "mqtt://b"\nusrname = "u"', "mqtt.usrname", "unknown key", "Write username"),
        ('[mqtt]\nurl = "mqtt://b"\nstreams = []', "mqtt.streams", "nothing would be sent", "Name a stream"),
        ("[webhook]", "webhook.url", "is missing", "Add url"),
        ('[webhook]\nurl = "ftp://a"', "webhook.url", "no address of a web server", "https://HOST/PATH"),
        (
            '[webhook]\nurl = "https://me:hunter2@a/"',
            "webhook.url",
            "a secret may not stand",
            'url = "env:NAME"',
        ),
        ('[webhook]\nurl = "https://a/#b"', "webhook.url", "fragment", "Remove it"),
        ('[webhook]\nurl = "https://a/b c"', "webhook.url", "characters", "%XX"),
        ('[webhook]\nurl = "https://münchen.example/"', "webhook.url", "characters", "punycode"),
        ('[webhook]\nurl = "https://a:x/"', "webhook.url", "is no URL", "https://HOST/PATH"),
        (
            '[webhook]\nurl = "https://a"\nsecret = "hunter2"',
            "webhook.secret",
            "a secret may not stand",
            "env:NAME",
        ),
        ('[webhook]\nurl = "http://a"\nca = "a"', "webhook", "http:// has no certificates", "https://"),
    ],
)
def test_what_is_wrong_is_told_with_line_reason_and_remedy(
    tmp_path: Path, text: str, key: str, reason: str, remedy: str
) -> None:
    (found,) = problems(tmp_path, text)
    assert found.key == key
    assert found.line is not None
    assert found.line >= 5
    assert reason in found.reason
    assert remedy in found.remedy
    assert "hunter2" not in str(found)


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret may stand there, and is then called after its variable."""
    monkeypatch.setenv("WAYPOST_MQTT__PASSWORD", "hunter2")
    monkeypatch.setenv("WAYPOST_WEBHOOK__SECRET", "hunter2")
    path = tmp_path / "waypost.toml"
    path.write_text(SITE + '[mqtt]\nurl = "mqtt://b"\nusername = "u"\n[webhook]\nurl = "http://a"\n')
    checked = check(path)
    assert checked.problems == ()
    assert checked.settings is not None
    assert checked.settings.mqtt is not None
    assert checked.settings.mqtt.password == "env:WAYPOST_MQTT__PASSWORD"
    assert checked.settings.webhook is not None
    assert checked.settings.webhook.secret == "env:WAYPOST_WEBHOOK__SECRET"


def test_a_site_without_them_does_not_load_what_they_need() -> None:
    program = (
        "import sys, gateway.app, gateway.sinks.mqtt.sink, gateway.sinks.webhook.settings;"
        "print(*(one for one in ('paho', 'aiomqtt', 'http.client') if one in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == ""
