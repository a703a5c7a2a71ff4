"""What a reader answers: one handler per request of a client (LLRP 1.0.1, clauses 9 to 12)."""

from collections.abc import Callable, Iterator

from drivers.codecs.llrp import Message, Node, Parameter, encode_message, opaque
from drivers.codecs.llrp_tables import PARAMETERS
from simulators.llrp_device import Device
from simulators.llrp_models import capabilities
from simulators.llrp_reports import Collection, report_message
from simulators.llrp_rospec import rospec
from simulators.llrp_status import (
    A_INVALID,
    M_PARAMETER_ERROR,
    M_UNSUPPORTED_MESSAGE,
    M_UNSUPPORTED_VERSION,
    P_OVERFLOW_PARAMETER,
    P_UNSUPPORTED_PARAMETER,
    SUCCESS,
    Refused,
    bad_field,
    bad_parameter,
    bad_parameter_field,
    unknown_parameter,
)

Parts = tuple[Parameter, ...]
Handler = Callable[[Device, Message, int], Parts]


def receive(device: Device, message: Message, now: int) -> None:
    """Carry out a message of the client; what is to be said goes into the outbox."""
    if message.version != 1:
        _error(device, message, Refused(M_UNSUPPORTED_VERSION, "this reader speaks version 1 (LLRP 1.0.1)"))
    elif message.name in _SILENT:
        _SILENT[message.name](device, message, now)
    elif message.name not in _HANDLERS or (
        message.name.startswith("IMPINJ_") and not device.setup.model.impinj
    ):
        _error(device, message, Refused(M_UNSUPPORTED_MESSAGE, f"{_called(message)} is not supported"))
    else:
        _answer(device, message, now)


def _answer(device: Device, message: Message, now: int) -> None:
    try:
        _check(device, message)
        status, parts = SUCCESS, _HANDLERS[message.name](device, message, now)
    except Refused as refusal:
        status, parts = refusal.status, ()
    name = message.name + "_RESPONSE"
    device.outbox.reply(encode_message(Message(name, {}, (status, *parts), id=message.id)))
    device.hangup = device.hangup or message.name == "CLOSE_CONNECTION"


def _error(device: Device, message: Message, refusal: Refused) -> None:
    answer = Message("ERROR_MESSAGE", {}, (refusal.status,), message.id, message.version)
    device.outbox.reply(encode_message(answer))


def _called(message: Message) -> str:
    return f"message type {message.number('type')}" if message.name == "UNKNOWN" else message.name


def _check(device: Device, message: Message) -> None:
    """Refuse what cannot be understood, what is not allowed where it stands, and extensions that are not enabled."""
    for unknown in opaque(message):
        raise unknown_parameter(unknown)
    for node in _below(message):
        key = PARAMETERS[node.name].key
        if node.name == "Custom" or (isinstance(key, tuple) and not device.extensions):
            text = f"{node.name}: enable the vendor's extensions first, or leave it out"
            raise bad_parameter(node.name, text, P_UNSUPPORTED_PARAMETER)
    try:
        encode_message(message)
    except ValueError as error:
        raise Refused(M_PARAMETER_ERROR, str(error)) from error


def _below(node: Node) -> Iterator[Parameter]:
    for child in node.children:
        if isinstance(child, Parameter):
            yield child
            yield from _below(child)


def _get_capabilities(device: Device, message: Message, now: int) -> Parts:
    requested = message.number("requested_data")
    if requested > 4:
        raise bad_field("requested data is 0 to 4")
    parts = capabilities(device.setup.model, requested, device.setup.clock.utc)
    return (*parts, *_impinj_data(device, message, 1000, 1001, _version(device)))


def _get_config(device: Device, message: Message, now: int) -> Parts:
    parts = device.config.describe(message, device.setup.identity, device.state_value)
    temperature = Parameter("ImpinjReaderTemperature", {"temperature": 41})
    return (*parts, *_impinj_data(device, message, 2000, 2004, temperature))


def _impinj_data(device: Device, message: Message, all: int, kind: int, data: Parameter) -> Parts:
    wanted = [one.number("requested_data") for one in message.every("ImpinjRequestedData")]
    return (data,) if all in wanted or kind in wanted else ()


def _version(device: Device) -> Parameter:
    model = device.setup.model
    fields = {
        "model_name": model.name,
        "serial_number": device.setup.identity.hex("-"),
        "software_version": model.firmware,
        "firmware_version": model.firmware,
    }
    return Parameter("ImpinjDetailedVersion", fields)


def _set_config(device: Device, message: Message, now: int) -> Parts:
    device.config.set(message)
    if message.number("reset_to_factory_default"):
        device.clear()
    if message.number("reset_to_factory_default") or message.first("KeepaliveSpec"):
        device.schedule_keepalive(now)
    device.state_value += 1
    return ()


def _add_rospec(device: Device, message: Message, now: int) -> Parts:
    model, clock = device.setup.model, device.setup.clock
    source = message.first("ROSpec")
    assert source is not None
    spec = rospec(source, model, device.config.report_rule, clock.utc)
    if any(run.spec.id == spec.id for run in device.runs):
        raise bad_parameter_field("ROSpec", f"there is a ROSpec {spec.id}: delete it first", 0, A_INVALID)
    if len(device.runs) >= model.max_rospecs:
        text = f"this reader has room for {model.max_rospecs}: delete one first"
        raise bad_parameter("ROSpec", text, P_OVERFLOW_PARAMETER)
    device.runs.add(spec, now)
    device.add(spec.id, Collection(spec.report, clock.utc, device.setup.merges, device.setup.capacity))
    device.state_value += 1
    return ()


def _delete_rospec(device: Device, message: Message, now: int) -> Parts:
    id = message.number("rospec_id")
    device.runs.delete(id, now)
    device.forget(id)
    device.state_value += 1
    return ()


def _enable_rospec(device: Device, message: Message, now: int) -> Parts:
    device.runs.enable(message.number("rospec_id"), now)
    return ()


def _disable_rospec(device: Device, message: Message, now: int) -> Parts:
    device.runs.disable(message.number("rospec_id"), now)
    return ()


def _start_rospec(device: Device, message: Message, now: int) -> Parts:
    device.runs.start(message.number("rospec_id"), now)
    return ()


def _stop_rospec(device: Device, message: Message, now: int) -> Parts:
    device.runs.stop(message.number("rospec_id"), now)
    return ()


def _get_rospecs(device: Device, message: Message, now: int) -> Parts:
    return tuple(
        Parameter("ROSpec", {**run.spec.source.fields, "current_state": run.state}, run.spec.source.children)
        for run in device.runs
    )


def _add_access(device: Device, message: Message, now: int) -> Parts:
    device.access.add(message)
    device.state_value += 1
    return ()


def _delete_access(device: Device, message: Message, now: int) -> Parts:
    device.access.delete(message)
    device.state_value += 1
    return ()


def _enable_access(device: Device, message: Message, now: int) -> Parts:
    device.access.switch(message, True)
    return ()


def _disable_access(device: Device, message: Message, now: int) -> Parts:
    device.access.switch(message, False)
    return ()


def _get_access(device: Device, message: Message, now: int) -> Parts:
    return tuple(device.access)


def _enable_extensions(device: Device, message: Message, now: int) -> Parts:
    device.extensions = True
    return ()


def _nothing(device: Device, message: Message, now: int) -> Parts:
    return ()


_HANDLERS: dict[str, Handler] = {
    "GET_READER_CAPABILITIES": _get_capabilities,
    "GET_READER_CONFIG": _get_config,
    "SET_READER_CONFIG": _set_config,
    "ADD_ROSPEC": _add_rospec,
    "DELETE_ROSPEC": _delete_rospec,
    "ENABLE_ROSPEC": _enable_rospec,
    "DISABLE_ROSPEC": _disable_rospec,
    "START_ROSPEC": _start_rospec,
    "STOP_ROSPEC": _stop_rospec,
    "GET_ROSPECS": _get_rospecs,
    "ADD_ACCESSSPEC": _add_access,
    "DELETE_ACCESSSPEC": _delete_access,
    "ENABLE_ACCESSSPEC": _enable_access,
    "DISABLE_ACCESSSPEC": _disable_access,
    "GET_ACCESSSPECS": _get_access,
    "CLOSE_CONNECTION": _nothing,
    "IMPINJ_ENABLE_EXTENSIONS": _enable_extensions,
    "IMPINJ_SAVE_SETTINGS": _nothing,
}


def _get_report(device: Device, message: Message, now: int) -> None:
    found = device.report_all()
    if not device.outbox.fetch() and not found:
        device.outbox.reply(report_message((), message.id))


def _enable_events(device: Device, message: Message, now: int) -> None:
    if device.config.hold:
        device.report_all()
    device.outbox.release()


def _keepalive_ack(device: Device, message: Message, now: int) -> None:
    device.answered()


def _ignore(device: Device, message: Message, now: int) -> None:
    """Nobody answers an ERROR_MESSAGE (clause 14.1.1)."""


_SILENT: dict[str, Callable[[Device, Message, int], None]] = {
    "GET_REPORT": _get_report,
    "ENABLE_EVENTS_AND_REPORTS": _enable_events,
    "KEEPALIVE_ACK": _keepalive_ack,
    "ERROR_MESSAGE": _ignore,
}
