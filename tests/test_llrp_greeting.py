"""A short visit to a reader, byte for byte: drivers/codecs/llrp_greeting.py against the simulated device."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from drivers.codecs.llrp import Message, Parameter, decode_message, encode_message
from drivers.codecs.llrp_frames import Frames
from drivers.codecs.llrp_greeting import MOST_BYTES, PATIENCE, Greeting
from simulators.llrp_device import Device, Setup
from simulators.llrp_requests import receive

NOW = 1_774_682_420_000_000
CONNECTED = bytes.fromhex("043f000000200000000000f600160080000c0004f8535baadaff010000060000")
KEEPALIVE, ACK = bytes.fromhex("043e0000000a00000062"), bytes.fromhex("04480000000a00000062")
REPORT = bytes.fromhex(
    "043d000000380000000700f0002e8d3034257bf7194e4000001a8181000186c987000182000640b5eece000084000640b5eece01f4880001"
)


def status(code: int) -> bytes:
    """The connection event with another ConnectionAttemptStatusType."""
    return CONNECTED[:-1] + bytes((code,))


def said(greeting: Greeting) -> list[str]:
    return [decode_message(frame).name for frame in Frames().feed(greeting.data_to_send())]


def visit(greeting: Greeting, device: Device) -> list[str]:
    """What was asked, until nobody has anything to say."""
    asked: list[str] = []
    while not device.hangup and (out := device.outbox.take()) is not None:
        greeting.receive(out, 0.0)
        data = greeting.data_to_send()
        for frame in Frames().feed(data):
            asked.append(decode_message(frame).name)
            receive(device, decode_message(frame), NOW)
    while (out := device.outbox.take()) is not None:
        greeting.receive(out, 0.0)
    return asked


def test_a_reader_says_who_it_is_and_is_left_as_it_was() -> None:
    device, greeting = Device(Setup(), NOW), Greeting(0.0)
    device.antenna(3, False, NOW)
    device.connected(NOW)
    assert visit(greeting, device) == ["GET_READER_CAPABILITIES", "GET_READER_CONFIG", "CLOSE_CONNECTION"]
    assert (greeting.state, greeting.reason, greeting.over) == ("free", "", True)
    assert greeting.capabilities is not None
    assert str(greeting.capabilities) == "Impinj model 2001002, firmware 5.12.3.240, 4 antennas"
    assert greeting.connected == (1, 2, 4)
    assert greeting.deadline == 0.0


@pytest.mark.parametrize(
    ("code", "state", "reason"),
    [
        (1, "busy", "reader-initiated"),
        (2, "busy", "another client is connected"),
        (3, "refused", "gave no reason"),
        (9, "refused", "ConnectionAttemptEvent status 9"),
    ],
)
def test_a_reader_that_refuses_is_asked_nothing(code: int, state: str, reason: str) -> None:
    greeting = Greeting(0.0)
    greeting.receive(status(code), 0.1)
    assert (greeting.state, reason in greeting.reason, greeting.over) == (state, True, True)
    assert said(greeting) == []


def test_one_that_says_nothing_is_asked_nothing() -> None:
    greeting = Greeting(5.0)
    assert greeting.deadline == 5.0 + PATIENCE
    greeting.timeout(greeting.deadline)
    assert (greeting.state, greeting.over, said(greeting)) == ("silent", True, [])
    assert "nobody greets" in greeting.reason


def test_one_that_is_no_llrp_reader() -> None:
    greeting = Greeting(0.0)
    greeting.receive(b"SSH-2.0-OpenSSH_9.2p1\r\n", 0.1)
    assert (greeting.state, greeting.over) == ("silent", True)
    assert "no LLRP" in greeting.reason


def test_a_reader_that_answers_nothing_is_one_all_the_same() -> None:
    greeting = Greeting(0.0)
    greeting.receive(CONNECTED, 0.0)
    for name in ("GET_READER_CAPABILITIES", "GET_READER_CONFIG", "CLOSE_CONNECTION"):
        assert said(greeting) == [name]
        greeting.timeout(greeting.deadline)
    assert (greeting.state, greeting.capabilities, greeting.connected) == ("free", None, None)
    assert greeting.over


def test_refusals_and_readers_that_do_not_know_their_antennas() -> None:
    greeting = Greeting(0.0)
    greeting.receive(CONNECTED, 0.0)
    (capabilities,) = Frames().feed(greeting.data_to_send())
    refused = Parameter("LLRPStatus", {"status_code": 109, "error_description": ""})
    id = decode_message(capabilities).id
    greeting.receive(encode_message(Message("ERROR_MESSAGE", {}, (refused,), id)), 0.0)
    (config,) = Frames().feed(greeting.data_to_send())
    fine = Parameter("LLRPStatus", {"status_code": 0, "error_description": ""})
    nobody = Parameter("AntennaProperties", {"antenna_connected": 0, "antenna_id": 1, "antenna_gain": 0})
    answer = Message("GET_READER_CONFIG_RESPONSE", {}, (fine, nobody), decode_message(config).id)
    greeting.receive(encode_message(answer), 0.0)
    assert said(greeting) == ["CLOSE_CONNECTION"]
    assert (greeting.capabilities, greeting.connected) == (None, None)


def test_keepalives_are_answered_and_reports_counted() -> None:
    greeting = Greeting(0.0)
    other = Parameter(
        "ReaderEventNotificationData",
        {},
        (Parameter("UTCTimestamp", {"microseconds": NOW}), Parameter("ConnectionCloseEvent")),
    )
    greeting.receive(KEEPALIVE + encode_message(Message("READER_EVENT_NOTIFICATION", {}, (other,))), 0.0)
    assert greeting.data_to_send() == ACK
    greeting.receive(CONNECTED + REPORT + REPORT, 0.0)
    assert (greeting.reports, greeting.state, greeting.over) == (2, "free", False)


def test_a_flood_is_not_listened_to_for_ever() -> None:
    greeting = Greeting(0.0)
    greeting.receive(CONNECTED, 0.0)
    flood = REPORT * (MOST_BYTES // len(REPORT) + 1)
    greeting.receive(flood, 0.0)
    assert (greeting.state, greeting.over) == ("free", True)


def test_a_stream_that_breaks_behind_the_greeting() -> None:
    greeting = Greeting(0.0)
    greeting.receive(CONNECTED, 0.0)
    greeting.receive(b"HTTP/1.1 400 Bad Request", 0.0)
    assert (greeting.state, greeting.reason, greeting.over) == ("free", "", True)


def test_a_connection_that_ends_before_or_behind_the_greeting() -> None:
    greeting = Greeting(0.0)
    greeting.lost("it closed the connection")
    assert (greeting.state, greeting.over) == ("silent", True)
    assert "it closed the connection before it had greeted" in greeting.reason
    greeting = Greeting(0.0)
    greeting.receive(CONNECTED, 0.0)
    greeting.lost("it closed the connection")
    assert (greeting.state, greeting.reason, greeting.over) == ("free", "", True)


@given(st.lists(st.binary(max_size=60) | st.sampled_from([CONNECTED, KEEPALIVE, REPORT]), max_size=10))
def test_any_bytes_end_in_a_state(pieces: list[bytes]) -> None:
    greeting = Greeting(0.0)
    for piece in pieces:
        greeting.receive(piece, 0.0)
    while not greeting.over:
        greeting.timeout(greeting.deadline)
    assert greeting.state in ("free", "busy", "refused", "silent")
