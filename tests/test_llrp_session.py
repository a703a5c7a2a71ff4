"""The client's side of a connection: llrp_session.py, llrp_start.py, llrp_takeover.py, llrp_dialogue.py, llrp_events.py."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import SECOND, Alive, AntennaState, Dropped, Gpi, Reads, Up
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.llrp import Message, Parameter, encode_message
from drivers.codecs.llrp_capabilities import capabilities
from drivers.codecs.llrp_dialogue import MAX_WAITING
from drivers.codecs.llrp_events import Notice
from drivers.codecs.llrp_session import Said, Session
from drivers.codecs.llrp_setup import GpiTrigger, Radio, Reading, ro_spec
from tests.llrp_bytes import epc, message, report, tag, tlv
from tests.llrp_peer import NOW, Peer, Play, event, failing, greeting, refusal, silent, status, unstamped

IMPINJ = 25882
COLD = [
    "GET_READER_CAPABILITIES",
    "SET_READER_CONFIG",
    "GET_ROSPECS",
    "ENABLE_EVENTS_AND_REPORTS",
    "DELETE_ROSPEC",
    "ADD_ROSPEC",
    "ENABLE_ROSPEC",
    "GET_READER_CONFIG",
]


def our_id(peer: Peer, reading: Reading | None = None) -> int:
    """The id of the ROSpec that a session will want of this peer."""
    reader = capabilities(peer.answer(Message("GET_READER_CAPABILITIES"))[0])
    peer.said.clear()
    return ro_spec(reading or Reading(), reader, extensions=peer.vendor == IMPINJ).number("rospec_id")


def tags_of(heard: list[Said]) -> list[str]:
    return [one.tags.ids[code] for one in heard if isinstance(one, Reads) for code in one.tag]


def old(number: int, age: float = 60) -> bytes:
    """A report of one tag that was seen a while ago."""
    time = NOW - int(age * SECOND)
    return report(tag(epc(number), first=time, last=time))


def name(number: int) -> str:
    return epc(number).hex().upper()


def keepalive(id: int = 98) -> bytes:
    return message(62, id=id)


# Greeting


@pytest.mark.parametrize(
    ("code", "reason"), [(1, "reader-initiated"), (2, "another client is connected"), (3, "gave no reason")]
)
def test_a_refused_connection(code: int, reason: str) -> None:
    play = Play(Peer())
    assert play.hear(greeting(code)) == []
    assert isinstance(play.session.error, ProtocolError)
    assert reason in str(play.session.error)
    assert play.peer.said == []


def test_nobody_greets() -> None:
    play = Play(Peer())
    play.wait()
    assert "no connection event within 10 s" in str(play.session.error)


def test_what_comes_before_the_greeting_is_no_greeting() -> None:
    play = Play(Peer())
    play.hear(
        event(Parameter("HoppingEvent")), greeting(4), Message("READER_EVENT_NOTIFICATION", {}, (EMPTY,))
    )
    play.hear(message(63))
    assert play.peer.said == []
    assert play.session.error is None
    play.hear(greeting())
    assert play.peer.names[0] == "GET_READER_CAPABILITIES"


EMPTY = Parameter("ReaderEventNotificationData", {}, (Parameter("UTCTimestamp"),))


@pytest.mark.parametrize("version", [1, 2])
def test_it_speaks_the_readers_version(version: int) -> None:
    play = Play(Peer())
    play.hear(replace(greeting(), version=version))
    assert {message.version for message in play.peer.said} == {version}


# From greeting to reading


def test_a_cold_start() -> None:
    play = Play(Peer())
    heard = play.start()
    assert play.peer.names == COLD
    assert play.session.info == "Zebra model 7, firmware 1.2, 4 antennas"
    assert heard == [Up(play.now), Alive(play.now)]
    assert list(play.peer.specs.values()) == [2]
    assert play.peer.said[4].number("rospec_id") == 0


def test_impinjs_extensions_are_for_impinj() -> None:
    play = Play(Peer(IMPINJ))
    play.start()
    assert play.peer.names == [COLD[0], "IMPINJ_ENABLE_EXTENSIONS", *COLD[1:]]
    assert b"\x00\x00\x65\x1a" in encode_message(play.peer.said[6])


def test_impinjs_extensions_may_be_refused() -> None:
    peer = Peer(IMPINJ)
    peer.answers["IMPINJ_ENABLE_EXTENSIONS"] = refusal()
    play = Play(peer)
    play.start()
    assert b"\x00\x00\x65\x1a" not in encode_message(play.peer.said[6])


def test_a_reader_that_does_not_hold_is_not_asked_to() -> None:
    for holds in (True, False):
        play = Play(Peer(holds=holds))
        play.start()
        config = play.peer.said[1]
        assert (config.first("EventsAndReports") is not None) == holds


def test_our_running_rospec_is_left_alone() -> None:
    peer = Peer()
    peer.specs = {our_id(peer): 2}
    play = Play(peer)
    play.hear(greeting())
    assert play.hear(old(1), old(2)) == [Up(NOW), play.heard[1]]
    assert play.hear(keepalive()) == []  # it lives, but what it held has not come yet
    assert tags_of(play.wait()) == []
    assert play.peer.names == [*COLD[:4], "KEEPALIVE_ACK", COLD[7]]
    assert tags_of(play.heard) == [name(1), name(2)]
    assert play.heard[-1] == Alive(play.now)


@pytest.mark.parametrize(("state", "asked"), [(0, "ENABLE_ROSPEC"), (1, "START_ROSPEC")])
def test_our_resting_rospec_is_woken(state: int, asked: str) -> None:
    peer = Peer()
    peer.specs = {our_id(peer): state, 5: 2}
    play = Play(peer)
    play.start()
    assert play.peer.names == [*COLD[:5], asked, COLD[7]]
    assert play.peer.said[4].number("rospec_id") == 5


def test_what_another_rospec_held_is_fetched_before_it_goes() -> None:
    peer = Peer(specs={5: 2})
    play = Play(peer)
    play.hear(greeting())
    play.hear(old(1))
    assert play.peer.names == COLD[:4]
    play.wait()
    assert play.peer.names == [*COLD[:4], "GET_REPORT"]
    play.hear(old(2))
    assert play.peer.names[-1] == "GET_REPORT"
    play.wait()
    assert play.peer.names == [*COLD[:4], "GET_REPORT", *COLD[4:]]
    assert tags_of(play.heard) == [name(1), name(2)]
    assert play.heard[0] == Up(NOW)
    assert [type(one) for one in play.heard].index(Alive) == len(play.heard) - 1


def test_a_reader_that_never_is_quiet_has_caught_up_when_its_reports_are_new() -> None:
    peer = Peer()
    peer.specs = {our_id(peer): 2}
    play = Play(peer)
    play.hear(greeting())
    play.hear(old(1), old(2, age=2))
    assert play.session.info is None
    assert Alive(NOW) in play.hear(old(3, age=0.5))


@pytest.mark.parametrize("id", [None, 0])
def test_a_reader_that_does_not_know_message_64(id: int | None) -> None:
    peer = Peer()
    peer.answers["ENABLE_EVENTS_AND_REPORTS"] = refusal(id=id)
    play = Play(peer)
    play.hear(greeting())
    assert play.session.info is not None
    assert play.heard == [Up(NOW), Alive(NOW)]


def test_a_reader_that_does_not_know_0_for_all() -> None:
    peer = Peer(specs={5: 2, 6: 0})
    fine = peer._delete_rospec
    peer.answers["DELETE_ROSPEC"] = lambda request: (
        fine(request) if request.number("rospec_id") else failing()(request)
    )
    play = Play(peer)
    play.start()
    deleted = [one.number("rospec_id") for one in peer.said if one.name == "DELETE_ROSPEC"]
    assert deleted == [0, 5, 6]
    assert play.session.error is None
    assert len(peer.specs) == 1


def enable_only(peer: Peer) -> None:
    """It does not start by itself, and tells nothing."""

    def enabled(request: Message) -> list[Message]:
        peer.specs[request.number("rospec_id")] = 1
        return [Message("ENABLE_ROSPEC_RESPONSE", {}, (status(),), request.id)]

    peer.answers["ENABLE_ROSPEC"] = enabled


def test_a_reader_that_must_be_started() -> None:
    peer = Peer()
    enable_only(peer)
    play = Play(peer)
    play.start()
    assert peer.names == [*COLD[:7], "START_ROSPEC", COLD[7]]
    assert play.session.error is None


@pytest.mark.parametrize("sign", ["report", "event"])
def test_a_reader_that_shows_that_it_has_started(sign: str) -> None:
    peer = Peer()
    id = our_id(peer)
    enable_only(peer)
    play = Play(peer)
    play.hear(greeting())
    play.wait()
    play.hear(event(Parameter("ROSpecEvent", {"type": 0, "rospec_id": id + 1}), Parameter("HoppingEvent")))
    assert play.session.info is None
    if sign == "report":
        play.hear(report(tag(epc(1))))
    else:
        play.hear(event(Parameter("ROSpecEvent", {"type": 0, "rospec_id": id})))
    assert play.session.info is not None
    assert "START_ROSPEC" not in peer.names


@pytest.mark.parametrize(("state", "fine"), [(2, True), (1, False)])
def test_a_refused_start(state: int, fine: bool) -> None:
    peer = Peer()
    enable_only(peer)
    peer.answers["START_ROSPEC"] = failing(text="it runs")
    play = Play(peer)
    play.hear(greeting())
    play.wait()
    peer.specs = dict.fromkeys(peer.specs, state)
    play.wait()
    if fine:
        assert play.session.info is not None
    else:
        assert str(play.session.error) == "the reader refused START_ROSPEC: M_FieldError (101) 'it runs'"


def test_a_triggered_rospec_is_not_started() -> None:
    peer = Peer()
    enable_only(peer)
    play = Play(peer, Reading(trigger=GpiTrigger(1, 10)))
    play.start()
    assert "START_ROSPEC" not in peer.names
    assert play.session.info is not None


@pytest.mark.parametrize(
    "name", ["GET_READER_CAPABILITIES", "SET_READER_CONFIG", "GET_ROSPECS", "ADD_ROSPEC", "ENABLE_ROSPEC"]
)
@pytest.mark.parametrize("answer", [failing(101, "no"), refusal(101, "no"), refusal(101, "no", id=0)])
def test_a_refused_request(name: str, answer: object) -> None:
    peer = Peer()
    peer.answers[name] = answer  # type: ignore[assignment]
    play = Play(peer)
    play.start()
    assert isinstance(play.session.error, ProtocolError)
    assert str(play.session.error) == f"the reader refused {name}: M_FieldError (101) 'no'"
    assert play.heard == []  # nothing is up


def test_a_request_without_an_answer() -> None:
    peer = Peer()
    peer.answers["ADD_ROSPEC"] = silent
    play = Play(peer)
    play.start()
    assert str(play.session.error) == "the reader did not answer ADD_ROSPEC within 10 s"


def test_settings_that_the_reader_cannot_fulfil() -> None:
    play = Play(Peer(), Reading(radio={0: Radio(power=20)}))
    play.start()
    assert isinstance(play.session.error, Unsupported)


def test_the_hop_table_gives_the_channels() -> None:
    peer = Peer()
    fine = peer._get_reader_capabilities

    def with_table(request: Message) -> list[Message]:
        (answer,) = fine(request)
        fixed = Parameter("FixedFrequencyTable", {"frequencies": (865_700,)})
        band = Parameter("UHFBandCapabilities", {}, (Parameter("FrequencyInformation", {}, (fixed,)),))
        return [
            replace(answer, children=(*answer.children, Parameter("RegulatoryCapabilities", {}, (band,))))
        ]

    peer.answers["GET_READER_CAPABILITIES"] = with_table
    play = Play(peer)
    play.start()
    (reads,) = play.hear(report(tag(epc(1), channel=1)))
    assert isinstance(reads, Reads)
    assert reads.channel is not None
    assert reads.channel.tolist() == [865_700]


# Antennas


def test_states_of_our_antennas_come_before_the_first_alive() -> None:
    peer = Peer()
    peer.antennas = {1: True, 2: False, 3: False}
    play = Play(peer, Reading(antennas=(1, 2)))
    heard = play.start()
    assert heard[1:] == [
        AntennaState(play.now, 1, True),
        AntennaState(play.now, 2, False),
        Alive(play.now),
    ]


def test_an_antenna_that_is_heard_is_connected() -> None:
    peer = Peer()
    peer.antennas = {1: True, 2: False}
    play = Play(peer)
    play.start()
    assert len(play.hear(report(tag(epc(1), antenna=1)))) == 1
    time = NOW + 7
    heard = play.hear(report(tag(epc(1), antenna=2, first=time, last=time)))
    assert heard[0] == AntennaState(time, 2, True)
    assert len(play.hear(report(tag(epc(1), antenna=2)))) == 1


def test_a_reader_that_does_not_tell_its_antennas() -> None:
    peer = Peer()
    peer.answers["GET_READER_CONFIG"] = refusal()
    play = Play(peer)
    assert play.start() == [Up(play.now), Alive(play.now)]


# Reading


def test_keepalives_are_answered_with_their_id() -> None:
    play = Play(Peer())
    play.start()
    play.pass_time(5)
    assert play.hear(keepalive(4711), keepalive(4712)) == [Alive(play.now)]
    assert [(one.name, one.id) for one in play.peer.said[-2:]] == [
        ("KEEPALIVE_ACK", 4711),
        ("KEEPALIVE_ACK", 4712),
    ]


@pytest.mark.parametrize("keepalive_seconds", [1.0, 5.0])
def test_three_missing_keepalives_are_the_end(keepalive_seconds: float) -> None:
    play = Play(Peer(), Reading(keepalive=keepalive_seconds))
    play.start()
    play.pass_time(1)
    play.hear(keepalive())
    assert play.session.deadline == play.at + 3 * keepalive_seconds
    assert play.session.timeout(play.now, play.session.deadline - 0.01) == []
    assert play.session.error is None
    assert play.wait() == []
    assert f"nothing heard for {3 * keepalive_seconds:g} s" in str(play.session.error)


def test_time_in_which_nobody_listened_does_not_count() -> None:
    play = Play(Peer())
    play.session.postpone(7)
    assert play.session.deadline == 100 + 10 + 7
    play.start()
    before = play.session.deadline
    play.session.postpone(100)
    assert play.session.deadline == before + 100


def test_life_is_told_by_the_clock_that_the_reads_have() -> None:
    """A reader whose clock is 0.8 s behind is believed; what it reads now must not be late."""
    behind = 800_000
    peer = Peer()
    peer.specs = {our_id(peer): 2}
    play = Play(peer)
    play.hear(greeting(time=NOW - behind))
    heard = play.hear(old(1, age=1.5))  # which is 0.7 s ago for the reader
    assert heard[-1] == Alive(NOW - behind)
    play.pass_time(1)
    assert play.hear(keepalive()) == [Alive(play.now - behind)]


def test_reads_between_signs_of_life_keep_their_order() -> None:
    play = Play(Peer())
    play.start()
    heard = play.hear(report(tag(epc(1))), report(tag(epc(2))), keepalive(), report(tag(epc(3))), report())
    assert [type(one) for one in heard] == [Reads, Alive, Reads]
    assert tags_of(heard) == [name(1), name(2), name(3)]


STAMP = NOW - 300_000


@pytest.mark.parametrize(
    ("child", "record"),
    [
        (Parameter("AntennaEvent", {"type": 0, "antenna_id": 3}), AntennaState(STAMP, 3, False)),
        (Parameter("AntennaEvent", {"type": 1, "antenna_id": 3}), AntennaState(STAMP, 3, True)),
        (Parameter("GPIEvent", {"gpi_port": 2, "gpi_event": 1}), Gpi(STAMP, 2, True)),
        (Parameter("GPIEvent", {"gpi_port": 2, "gpi_event": 0}), Gpi(STAMP, 2, False)),
        (
            Parameter("ReportBufferOverflowErrorEvent"),
            Dropped(STAMP, STAMP, "the reader's report buffer overflowed"),
        ),
        (
            Parameter("ReportBufferLevelWarningEvent", {"percentage_full": 80}),
            Notice("buffer_warnings", "the reader's report buffer is 80 % full"),
        ),
        (
            Parameter("ReaderExceptionEvent", {"message": "too hot"}),
            Notice("reader_exceptions", "the reader reports: too hot"),
        ),
        (
            Parameter("ConnectionAttemptEvent", {"status": 4}),
            Notice("other_clients", "another client tried to connect to the reader"),
        ),
    ],
)
def test_events(child: Parameter, record: Said) -> None:
    play = Play(Peer())
    play.start()
    assert play.hear(event(child, time=STAMP)) == [record]


def test_reads_lost_by_the_reader_are_lost_since_the_last_read() -> None:
    play = Play(Peer())
    play.start()
    play.hear(old(1, age=0.2))
    (dropped,) = play.hear(event(Parameter("ReportBufferOverflowErrorEvent"), time=NOW + 5))
    assert dropped == Dropped(NOW + 5, NOW - SECOND // 5, "the reader's report buffer overflowed")


def test_events_by_another_clock() -> None:
    play = Play(Peer())
    play.hear(greeting(time=5 * SECOND, uptime=True))
    play.wait()
    gpi = Parameter("GPIEvent", {"gpi_port": 1, "gpi_event": 1})
    assert play.hear(event(gpi, time=4 * SECOND, uptime=True)) == [Gpi(NOW - SECOND, 1, True)]
    assert play.hear(unstamped(gpi)) == [Gpi(play.now, 1, True)]
    assert play.hear(event(gpi, time=(1 << 64) - 1)) == [Gpi(play.now, 1, True)]


def test_a_greeting_without_a_time() -> None:
    play = Play(Peer())
    play.hear(unstamped(Parameter("ConnectionAttemptEvent")))
    play.wait()
    assert play.session.info is not None


def test_events_that_mean_nothing_to_us() -> None:
    play = Play(Peer())
    play.start()
    assert play.hear(event(Parameter("HoppingEvent")), event(Parameter("AISpecEvent")), message(63)) == []


def test_the_reader_closes() -> None:
    play = Play(Peer())
    play.start()
    heard = play.hear(report(tag(epc(1))), event(Parameter("ConnectionCloseEvent")))
    assert tags_of(heard) == [name(1)]
    assert str(play.session.error) == "the reader closed the connection"


def test_an_error_message_out_of_the_blue() -> None:
    play = Play(Peer())
    play.start()
    assert play.hear(Message("ERROR_MESSAGE", {}, (status(401, "smoke"),), 77)) == [
        Notice("reader_errors", "the reader reports an error: R_DeviceError (401) 'smoke'")
    ]


def test_what_is_not_understood_is_counted() -> None:
    play = Play(Peer())
    play.start()
    unknown = message(777, b"abc")
    damaged = message(20 + 1, b"\x00")
    strange = message(72, b"") + message(13, tlv(700, b"") + b"\x00")
    assert play.hear(unknown, damaged, strange, keepalive()) == [Alive(play.now)]
    assert play.session.counts == {"unknown": 2, "malformed": 2}


def test_noise_is_counted() -> None:
    play = Play(Peer())
    play.start()
    assert play.hear(report(tag(bytes(12)), tlv(0xF0, b""))) == []
    assert play.session.counts == {"zero_epc": 1, "malformed": 1}


def test_a_broken_stream_loses_nothing_before_it() -> None:
    play = Play(Peer())
    play.start()
    heard = play.hear(report(tag(epc(1))), keepalive(), b"GET / HTTP/1.1\r\n")
    assert [type(one) for one in heard] == [Reads, Alive]
    assert "is this an LLRP port?" in str(play.session.error)


def test_the_gateways_clock_is_set() -> None:
    play = Play(Peer())
    play.start()
    play.hear(old(1, age=0.1))
    play.session.shift(3600 * SECOND)
    play.now += 3600 * SECOND
    (reads,) = play.hear(old(1, age=0))
    assert isinstance(reads, Reads)
    assert reads.time.tolist() == [NOW + 3600 * SECOND]


# A ROSpec that ends


def ended(id: int, type: int = 1) -> Message:
    return event(Parameter("ROSpecEvent", {"type": type, "rospec_id": id}))


def test_our_rospec_is_started_again() -> None:
    play = Play(Peer())
    play.start()
    (id,) = play.peer.specs
    play.hear(ended(id + 1), ended(id, type=2))
    assert play.peer.names == COLD
    play.pass_time(2)
    assert play.hear(ended(id)) == []
    assert play.peer.names[-1] == "START_ROSPEC"
    play.hear(ended(id))
    assert "as soon as it has started" in str(play.session.error)


def test_our_rospec_cannot_be_started_again() -> None:
    play = Play(Peer())
    play.start()
    play.peer.answers["START_ROSPEC"] = failing()
    play.pass_time(2)
    play.hear(ended(next(iter(play.peer.specs))))
    assert "refused START_ROSPEC" in str(play.session.error)


def test_an_end_that_the_reader_had_held_is_past() -> None:
    peer = Peer()
    id = our_id(peer)
    peer.specs = {id: 2}
    play = Play(peer)
    play.hear(greeting(), ended(id))
    play.wait()
    assert play.session.info is not None
    assert "START_ROSPEC" not in peer.names


def test_a_trigger_may_end_it() -> None:
    play = Play(Peer(), Reading(trigger=GpiTrigger(1, 10)))
    play.start()
    play.pass_time(2)
    play.hear(ended(next(iter(play.peer.specs))))
    assert "START_ROSPEC" not in play.peer.names


# Orders


def test_orders() -> None:
    play = Play(Peer())
    play.start()
    (id,) = play.peer.specs
    assert play.session.set_output(2, True, play.at) == []
    play.exchange()
    output = play.peer.said[-1].first("GPOWriteData")
    assert output is not None
    assert output.fields == {"gpo_port": 2, "gpo_data": 1}
    play.session.stop(play.at)
    play.exchange()
    play.pass_time(2)
    play.hear(ended(id))
    assert play.peer.names[-1] == "STOP_ROSPEC"
    play.session.start(play.at)
    play.exchange()
    assert play.peer.names[-1] == "START_ROSPEC"
    play.pass_time(2)
    play.hear(ended(id))
    assert play.peer.names[-2:] == ["START_ROSPEC"] * 2
    assert play.session.error is None


def test_a_refused_order_is_told() -> None:
    play = Play(Peer())
    play.start()
    play.peer.answers["SET_READER_CONFIG"] = failing(301, "no such port")
    play.session.set_output(99, False, play.at)
    play.exchange()
    assert play.heard[-1] == Notice(
        "orders_refused", "the reader refused SET_READER_CONFIG: A_OutOfRange (301) 'no such port'"
    )


def test_orders_go_one_by_one_and_not_without_end() -> None:
    play = Play(Peer())
    play.start()
    play.peer.answers["SET_READER_CONFIG"] = silent
    for _ in range(MAX_WAITING + 1):
        assert play.session.set_output(1, True, play.at) == []
        assert play.session.error is None
    play.exchange()
    assert play.peer.names.count("SET_READER_CONFIG") == 2  # one at the start
    play.session.set_output(1, True, play.at)
    assert "has not answered the last 16 orders" in str(play.session.error)


def test_waiting_orders_are_sent_when_the_first_is_answered() -> None:
    play = Play(Peer())
    play.start()
    for port in (1, 2, 3):
        play.session.set_output(port, True, play.at)
    play.exchange()
    assert play.peer.names[len(COLD) :] == ["SET_READER_CONFIG"] * 3


def test_an_order_without_an_answer() -> None:
    play = Play(Peer())
    play.start()
    play.peer.answers["SET_READER_CONFIG"] = silent
    play.session.set_output(1, True, play.at)
    play.exchange()
    play.wait()
    assert str(play.session.error) == "the reader did not answer SET_READER_CONFIG within 10 s"


# The end


@pytest.mark.parametrize(
    ("holds", "said"),
    [
        (True, ["CLOSE_CONNECTION"]),
        (False, ["STOP_ROSPEC", "DISABLE_ROSPEC", "DELETE_ROSPEC", "CLOSE_CONNECTION"]),
    ],
)
def test_a_clean_stop(holds: bool, said: list[str]) -> None:
    play = Play(Peer(holds=holds))
    play.start()
    play.session.close(play.at)
    play.exchange()
    assert play.peer.names[len(COLD) :] == said
    assert play.session.closed
    assert bool(play.peer.specs) == holds


def test_a_clean_stop_before_anything_is_set_up() -> None:
    play = Play(Peer(holds=False))
    play.peer.answers["GET_READER_CAPABILITIES"] = silent
    play.hear(greeting())
    play.session.close(play.at)
    play.exchange()
    assert play.peer.names == ["GET_READER_CAPABILITIES", "CLOSE_CONNECTION"]
    assert play.session.closed


def test_a_stop_that_the_reader_does_not_answer() -> None:
    play = Play(Peer())
    play.start()
    play.peer.answers["CLOSE_CONNECTION"] = silent
    play.session.close(play.at)
    play.exchange()
    assert tags_of(play.hear(report(tag(epc(1))))) == [name(1)]
    assert not play.session.closed
    play.wait()
    assert play.session.closed


# Any bytes


def conversation() -> bytes:
    """All that a reader says from its greeting on, with a backlog that ends just now."""
    peer = Peer()
    peer.specs = {our_id(peer): 2}
    play = Play(peer)
    play.hear(greeting())
    backlog = [
        tag(epc(number), first=NOW - 10 * SECOND, last=NOW - SECOND * 5, count=2) for number in range(1, 9)
    ]
    play.hear(
        report(*backlog[:5]), event(Parameter("GPIEvent", {"gpi_port": 1})), report(*backlog[5:]), old(9, 0)
    )
    play.hear(*[report(tag(epc(number), 96 if number % 2 else None)) for number in range(1, 30)])
    play.hear(keepalive(), report(tag(b"\xff\xfe", 15)), message(777), report())
    assert play.session.info is not None
    return play.bytes


CONVERSATION = conversation()


def plain(heard: list[Said]) -> list[object]:
    """Records in a form in which it does not show how reads were batched."""
    found: list[object] = []
    for one in heard:
        if isinstance(one, Reads):
            found += zip(
                [one.tags.ids[code] for code in one.tag],
                one.time.tolist(),
                one.antenna.tolist(),
                one.count.tolist(),
                strict=True,
            )
        else:
            found.append(one)
    return found


def listen(pieces: list[bytes]) -> tuple[list[object], bytes, Session]:
    session = Session(Reading(), NOW, 0.0)
    heard: list[Said] = []
    sent = b""
    for piece in pieces:
        heard += session.receive(piece, NOW, 0.0)
        sent += session.data_to_send()
    return plain(heard), sent, session


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 1 << 20), max_size=12))
def test_any_split_of_the_bytes_says_the_same(places: list[int]) -> None:
    edges = sorted({0, len(CONVERSATION), *(place % len(CONVERSATION) for place in places)})
    heard, sent, session = listen([CONVERSATION[start:stop] for start, stop in pairwise(edges)])
    whole, said, _ = listen([CONVERSATION])
    assert (heard, sent) == (whole, said)
    assert session.error is None
    assert len(heard) > 40


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(st.integers(0, len(CONVERSATION) - 1), st.integers(1, 255)), min_size=1, max_size=4)
)
def test_damaged_bytes_never_break_us(changes: list[tuple[int, int]]) -> None:
    data = bytearray(CONVERSATION)
    for at, change in changes:
        data[at] ^= change
    heard, _, session = listen([bytes(data)])
    assert session.error is None or isinstance(session.error, ProtocolError)
    assert heard == [] or heard[0] == Up(NOW)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 1023), st.binary(max_size=60))
def test_a_message_of_garbage_costs_itself_alone(type: int, body: bytes) -> None:
    play = Play(Peer())
    play.start()
    garbage = message(type, body)
    heard = play.hear(garbage, report(tag(epc(5))))
    if play.session.error is None:
        assert tags_of(heard)[-1:] == [name(5)]
    else:
        assert isinstance(play.session.error, ProtocolError)
        assert type in (63, 100, 1023)
