"""A connection that is reading: llrp_session.py, llrp_events.py."""

import pytest

from core.records import SECOND, Alive, AntennaState, Dropped, Gpi, Reads, Up
from drivers.codecs.llrp import Message, Parameter
from drivers.codecs.llrp_session import Said
from drivers.codecs.llrp_setup import GpiTrigger, Reading
from drivers.codecs.notice import Notice
from tests.llrp_bytes import epc, message, report, tag, tlv
from tests.llrp_peer import (
    NOW,
    Peer,
    Play,
    event,
    failing,
    greeting,
    keepalive,
    name,
    old,
    our_id,
    refusal,
    status,
    tags_of,
    unstamped,
)

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
            Parameter("ReaderExceptionEvent", {"message": "too\nhot " + 60_000 * "!"}),
            Notice("reader_exceptions", "the reader reports: too hot " + 292 * "!"),
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
    play.hear(ended(id + 1), ended(id, type=2), ended(id, type=3))
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
