"""What an Impinj reader is asked and told over its REST interface (version 1), as scripts (drivers/codecs/rest.py).

Source: the OpenAPI document 1.7 of the IoT device interface. Its /system paths answer whichever RFID interface is set,
the others only with that one.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from drivers.codecs import json_values as values
from drivers.codecs.errors import ProtocolError
from drivers.codecs.impinj_refusals import NOT_FOUND, answered, refused
from drivers.codecs.json_values import Malformed
from drivers.codecs.notice import Notice
from drivers.codecs.rest import Answer, Call, Object, Script

BASE = "/api/v1"
_NAMED = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings ask for.

    user       with whose name everything is asked
    preset     the inventory that shall run; None = whichever does
    keepalive  s between the signs of life of a stream that has nothing to tell, whole and at least 1
    claim      a reader whose RFID interface is LLRP is switched to the IoT device interface
    """

    user: str
    preset: str | None = None
    keepalive: int = 5
    claim: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """name: model and serial number;  notices: what the operator should know of its settings."""

    name: str
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """state: idle, armed or running, empty if that is not told;  time: of its clock, microseconds UTC;  preset: the id of
    the one that runs."""

    state: str
    time: int | None
    preset: str | None


def introduced(wanted: Wanted, watchdog: float) -> Script[Reader]:
    """Who is it, does it speak this interface, and how does it stream?

    Raises Unsupported if the settings are wrong, ProtocolError if the reader's are.
    """
    system = yield Call("GET", "/system")
    _must(system, wanted.user)
    about = system.object()
    if not about:
        raise refused(system.head, bytes(system.body), wanted.user)
    yield from _on_the_right_interface(wanted)
    notices = yield from _streaming(wanted, watchdog)
    serial = about.get("serialNumber")
    name = f"{about.get('manufacturer', 'Impinj')} {about.get('productModel', 'reader')}"
    return Reader(f"{name} {serial}" if serial else name, tuple(notices))


def looked(user: str) -> Script[Status]:
    """How is it? Raises like `introduced`."""
    answer = yield Call("GET", "/status")
    _must(answer, user)
    told = answer.object()
    active = told.get("activePreset")
    preset = active.get("id") if isinstance(active, dict) else None
    state = told.get("status")
    try:
        time = values.rfc3339(told.get("time"), "time")
    except Malformed:
        time = None
    return Status(state if isinstance(state, str) else "", time, preset if isinstance(preset, str) else None)


def reading(wanted: Wanted) -> Script[list[Notice]]:
    """Let the wanted preset run, and look whether it tells what we need; a refusal is told and changes nothing."""
    status = yield from looked(wanted.user)
    if wanted.preset is None:
        return (yield from _looked_at(status.preset))
    if status.state in ("running", "armed") and status.preset in (None, wanted.preset):
        return (yield from _looked_at(wanted.preset))
    notices: list[Notice] = []
    if status.state in ("running", "armed"):
        notices += yield from _told(Call("POST", "/profiles/stop"))
    return notices + (yield from started(wanted.preset)) + (yield from _looked_at(wanted.preset))


def started(preset: str) -> Script[list[Notice]]:
    """Start an inventory preset."""
    answer = yield Call("POST", f"{_preset(preset)}/start")
    if answer.fine:
        return []
    remedy = "look at its status page"
    if answer.head.status == NOT_FOUND:
        listed = yield Call("GET", "/profiles/inventory/presets")
        known = ", ".join(_names(listed)) or "none"
        remedy = f"name one that it has ({known}), or make this one"
    text = f"the reader refuses to start the preset {preset!r} ({_shown(answer)}); {remedy}"
    return [Notice("commands_refused", text)]


def restarted(preset: str | None) -> Script[list[Notice]]:
    """After `stopped`."""
    if preset is not None:
        return (yield from started(preset))
    return [
        Notice("orders_refused", "no preset is named that could be started; write preset = into its table")
    ]


def stopped() -> Script[list[Notice]]:
    """Stop whatever inventory runs."""
    return (yield from _told(Call("POST", "/profiles/stop")))


def output(port: int, high: bool) -> Script[list[Notice]]:
    """Drive a general-purpose output."""
    state = "high" if high else "low"
    body: Object = {"gpoConfigurations": [{"gpo": port, "state": state}]}
    return (yield from _told(Call("PUT", "/device/gpos", body)))


def _told(call: Call) -> Script[list[Notice]]:
    answer = yield call
    if answer.fine:
        return []
    return [
        Notice("commands_refused", f"the reader refuses {call} ({_shown(answer)}); look at its status page")
    ]


def _on_the_right_interface(wanted: Wanted) -> Script[None]:
    path = "/system/rfid/interface"
    answer = yield Call("GET", path)
    if answer.object().get("rfidInterface") != "llrp":
        return
    if not wanted.claim:
        raise ProtocolError(
            "its RFID interface is LLRP, so it has no event stream; set it to the Impinj IoT device interface on its"
            ' web page, write claim = true to let Waypost do so, or use it with kind = "llrp"'
        )
    switched = yield Call("PUT", path, {"rfidInterface": "rest"})
    _must(switched, wanted.user)
    raise ProtocolError("its RFID interface was LLRP, and was switched to the Impinj IoT device interface")


def _streaming(wanted: Wanted, watchdog: float) -> Script[list[Notice]]:
    """Signs of life as often as wanted, and a buffer for the time in which nobody listens."""
    path = "/http-stream"
    answer = yield Call("GET", path)
    if not answer.fine:  # a firmware that has no such settings
        return []
    now = answer.object()
    notices = []
    interval = now.get("keepAliveIntervalSeconds")
    if not isinstance(interval, int) or interval > wanted.keepalive:
        changed = yield Call("PUT", path, now | {"keepAliveIntervalSeconds": wanted.keepalive})
        if not changed.fine:
            text = (
                f"the reader refuses to tell every {wanted.keepalive} s that it lives ({_shown(changed)}); set"
                f" keepAliveIntervalSeconds of its HTTP stream, below a third of watchdog = {watchdog:g}"
            )
            notices.append(Notice("settings_refused", text))
    if now.get("eventBufferSize") == 0:
        text = "it keeps nothing while nobody listens: set eventBufferSize of its HTTP stream, 300000 at most"
        notices.append(Notice("unbuffered", text))
    return notices


def _looked_at(preset: str | None) -> Script[list[Notice]]:
    """What a preset leaves out of the events that are needed here."""
    if preset is None:
        return []
    answer = yield Call("GET", _preset(preset))
    events = answer.object().get("eventConfig")
    config = events.get("tagInventory") if isinstance(events, dict) else None
    if not answer.fine or not isinstance(config, dict):
        return []
    return [Notice("preset", f"preset {preset!r}: {text}") for text in _lacks(config)]


def _lacks(config: Object) -> Iterator[str]:
    """Of eventConfig.tagInventory; what it does not say is as it comes: an EPC, no lastSeenTime."""
    reporting = config.get("tagReporting")
    interval = reporting.get("reportingIntervalSeconds") if isinstance(reporting, dict) else None
    if isinstance(interval, int) and interval > 0:
        yield (
            f"a tag that stays is told once in {interval} s only, and no direction comes out of that; set"
            " reportingIntervalSeconds to 0"
        )
    if config.get("epc") == "disabled" and config.get("epcHex", "disabled") == "disabled":
        yield "its events have no EPC; set epcHex to enabled"
    if config.get("antennaPort") == "disabled":
        yield "its events name no antenna; set antennaPort to enabled"


def _must(answer: Answer, user: str) -> None:
    """Raises Unsupported or ProtocolError unless it was done."""
    if not answer.fine:
        raise refused(answer.head, bytes(answer.body), user)


def _shown(answer: Answer) -> str:
    return answered(answer.head, bytes(answer.body))


def _preset(name: str) -> str:
    return f"/profiles/inventory/presets/{quote(name, safe='')}"


def _names(answer: Answer) -> list[str]:
    try:
        told = values.parse(bytes(answer.body))
    except Malformed:
        return []
    return [json.dumps(one)[:60] for one in told[:_NAMED]] if isinstance(told, list) else []
