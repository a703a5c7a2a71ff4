"""What an Impinj reader is asked and told, against a reader of answers: drivers/codecs/impinj_rest.py, rest.py."""

import json
from collections.abc import Mapping

import pytest

from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.http1 import Head
from drivers.codecs.impinj_rest import (
    Status,
    Wanted,
    introduced,
    looked,
    output,
    reading,
    restarted,
    stopped,
)
from drivers.codecs.notice import Notice
from drivers.codecs.rest import MOST_BODY, Answer, Call, Script, T

Told = tuple[int, object]

WELL: Mapping[str, Told] = {
    "GET /system": (200, {"manufacturer": "Impinj", "productModel": "R700", "serialNumber": "370"}),
    "GET /system/rfid/interface": (200, {"rfidInterface": "rest"}),
    "GET /http-stream": (200, {"eventBufferSize": 1000, "keepAliveIntervalSeconds": 5}),
    "GET /status": (
        200,
        {"status": "running", "time": "2026-04-02T12:00:00.5Z", "activePreset": {"id": "default"}},
    ),
}
WANTED = Wanted("root")


def answer(status: int, told: object, headers: Mapping[str, str] | None = None) -> Answer:
    found = Answer()
    found.take(Head(status, "Said", headers or {}))
    if told is not None:
        found.take(told if isinstance(told, bytes) else json.dumps(told).encode())
    return found


def play(script: Script[T], **differs: Told) -> tuple[T, list[Call]]:
    """What the script comes to, and its calls. Everything goes well, but for paths whose end is named."""
    calls: list[Call] = []
    told: Answer | None = None
    while True:
        try:
            call = next(script) if told is None else script.send(told)
        except StopIteration as end:
            result: T = end.value
            return result, calls
        calls.append(call)
        own = [one for name, one in differs.items() if str(call).replace("-", "_").endswith(name)]
        told = answer(*(own[0] if own else WELL.get(str(call), (204, None))))


def only(notices: list[Notice] | tuple[Notice, ...]) -> str:
    (one,) = notices
    return f"{one.name}: {one.text}"


def test_a_reader_as_it_should_be() -> None:
    reader, calls = play(introduced(WANTED, 90.0))
    assert (reader.name, reader.notices) == ("Impinj R700 370", ())
    assert [str(call) for call in calls] == [
        "GET /system", "GET /system/rfid/interface", "GET /http-stream",
    ]  # fmt: skip
    nameless, _ = play(introduced(WANTED, 90.0), system=(200, {"pcba": "1"}))
    assert nameless.name == "Impinj reader"
    status, _ = play(looked("root"))
    assert status == Status("running", 1_775_131_200_500_000, "default")
    assert play(looked("root"), status=(200, {"status": 1, "time": "now"}))[0] == Status("", None, None)
    assert play(looked("root"), status=(200, b"<html>"))[0] == Status("", None, None)
    assert play(looked("root"), status=(200, {"activePreset": {"id": 7}}))[0] == Status("", None, None)


@pytest.mark.parametrize("interval", [6, 300, None, "5"])
def test_signs_of_life_come_as_often_as_wanted(interval: object) -> None:
    stream = (200, {"eventBufferSize": 9, "keepAliveIntervalSeconds": interval})
    reader, calls = play(introduced(WANTED, 90.0), http_stream=stream)
    assert calls[2] == Call("GET", "/http-stream")
    assert calls[3].method == "PUT"
    assert calls[3].body == {"eventBufferSize": 9, "keepAliveIntervalSeconds": 5}
    assert json.loads(calls[3].content()) == calls[3].body
    assert reader.notices == ()


def test_a_reader_that_takes_no_settings_and_one_that_has_none() -> None:
    script = introduced(Wanted("root", keepalive=1), 30.0)
    for told in (None, *(WELL[one] for one in list(WELL)[:3])):
        script.send(None) if told is None else script.send(answer(*told))  # type: ignore[arg-type]
    with pytest.raises(StopIteration) as end:
        script.send(answer(400, {"message": "no", "invalidPropertyId": "#/a"}))
    assert "refuses to tell every 1 s that it lives (400 Said: no, #/a); set" in only(end.value.value.notices)
    old, calls = play(introduced(WANTED, 90.0), http_stream=(404, None))
    assert (old.notices, len(calls)) == ((), 3)


def test_a_reader_that_keeps_nothing() -> None:
    stream = (200, {"eventBufferSize": 0, "keepAliveIntervalSeconds": 1})
    reader, _ = play(introduced(WANTED, 90.0), http_stream=stream)
    assert only(reader.notices).startswith(
        "unbuffered: it keeps nothing while nobody listens: set eventBufferSize"
    )


def test_a_reader_that_speaks_llrp() -> None:
    with pytest.raises(ProtocolError, match=r"its RFID interface is LLRP, .* write claim = true"):
        play(introduced(WANTED, 90.0), interface=(200, {"rfidInterface": "llrp"}))
    script = introduced(Wanted("root", claim=True), 90.0)
    next(script)
    script.send(answer(*WELL["GET /system"]))
    call = script.send(answer(200, {"rfidInterface": "llrp"}))
    assert call == Call("PUT", "/system/rfid/interface", {"rfidInterface": "rest"})
    with pytest.raises(ProtocolError, match="was switched to the Impinj IoT device interface"):
        script.send(answer(204, None))


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (401, Unsupported, "wrong user name or password for 'root'"),
        (403, Unsupported, "'root' may not use the reader"),
        (307, Unsupported, "sends its clients to another address"),
        (404, ProtocolError, "no Impinj IoT device interface answers there"),
        (500, ProtocolError, r"answers there \(500 Said: why\); look at the url"),
    ],
)
def test_answers_that_end_it(status: int, kind: type[Exception], says: str) -> None:
    for script in (introduced(WANTED, 90.0), looked("root")):
        with pytest.raises(kind, match=says):
            play(script, system=(status, {"message": "why"}), status=(status, {"message": "why"}))


@pytest.mark.parametrize("page", [b"<html>", [], {}])
def test_something_else_answers(page: object) -> None:
    with pytest.raises(ProtocolError, match=r"no Impinj IoT device interface answers there \(200 Said\)"):
        play(introduced(WANTED, 90.0), system=(200, page))


def test_whatever_runs_is_left_alone() -> None:
    notices, calls = play(reading(WANTED))
    assert notices == []
    assert [str(call) for call in calls] == ["GET /status", "GET /profiles/inventory/presets/default"]
    assert play(reading(WANTED), status=(200, {"status": "idle"})) == ([], [Call("GET", "/status")])


@pytest.mark.parametrize(
    ("state", "preset", "commands"),
    [
        ("running", "door 1/a", []),
        ("armed", "door 1/a", []),
        ("running", None, []),
        ("idle", None, ["start"]),
        ("running", "default", ["stop", "start"]),
    ],
)
def test_the_wanted_preset_runs(state: str, preset: str | None, commands: list[str]) -> None:
    status = {"status": state} if preset is None else {"status": state, "activePreset": {"id": preset}}
    notices, calls = play(reading(Wanted("root", "door 1/a")), status=(200, status))
    assert notices == []
    assert [call.path.rpartition("/")[2] for call in calls if call.method == "POST"] == commands
    assert calls[-1].path == "/profiles/inventory/presets/door%201%2Fa"


def test_a_preset_that_is_not_there() -> None:
    idle = (200, {"status": "idle"})
    missing = (404, {"message": "Not found"})
    wanted = Wanted("root", "dock")
    known: object
    for known, named in ((["a", "b"], '"a", "b"'), ({}, "none"), (b"<html>", "none")):
        notices, _ = play(reading(wanted), status=idle, start=missing, dock=missing, presets=(200, known))
        assert only(notices) == (
            "commands_refused: the reader refuses to start the preset 'dock' (404 Said: Not found);"
            f" name one that it has ({named}), or make this one"
        )
    notices, _ = play(reading(wanted), status=idle, start=(409, None))
    assert only(notices).endswith("(409 Said); look at its status page")


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"tagReporting": {"reportingIntervalSeconds": 60}}, "told once in 60 s only, and no direction"),
        ({"epc": "disabled"}, "its events have no EPC; set epcHex to enabled"),
        ({"epc": "disabled", "epcHex": "disabled"}, "its events have no EPC"),
        ({"antennaPort": "disabled"}, "its events name no antenna"),
    ],
)
def test_a_preset_that_leaves_out_what_is_needed(config: dict[str, object], says: str) -> None:
    notices, _ = play(reading(WANTED), default=(200, {"eventConfig": {"tagInventory": config}}))
    assert only(notices).startswith("preset: preset 'default': ")
    assert says in only(notices)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"eventConfig": []},
        {"eventConfig": {}},
        {"eventConfig": {"tagInventory": {}}},
        {"eventConfig": {"tagInventory": {"tagReporting": {"reportingIntervalSeconds": 0}}}},
        {"eventConfig": {"tagInventory": {"epc": "disabled", "epcHex": "enabled"}}},
    ],
)
def test_a_preset_that_will_do(told: dict[str, object]) -> None:
    assert play(reading(WANTED), default=(200, told))[0] == []


def test_orders() -> None:
    assert play(stopped()) == ([], [Call("POST", "/profiles/stop")])
    assert only(play(stopped(), stop=(500, None))[0]).startswith(
        "commands_refused: the reader refuses POST /profiles"
    )
    body: dict[str, object] = {"gpoConfigurations": [{"gpo": 2, "state": "high"}]}
    assert play(output(2, True)) == ([], [Call("PUT", "/device/gpos", body)])
    (call,) = play(output(1, False))[1]
    assert '"state": "low"' in call.content().decode()
    assert play(restarted("dock"))[1] == [Call("POST", "/profiles/inventory/presets/dock/start")]
    assert only(play(restarted(None))[0]).startswith("orders_refused: no preset is named")


def test_an_answer_that_is_too_long() -> None:
    found = answer(200, b"x" * MOST_BODY)
    with pytest.raises(ProtocolError, match="has more than"):
        found.take(b"x")
