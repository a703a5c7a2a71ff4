"""From the greeting to reading: llrp_start.py, llrp_takeover.py, and how llrp_session.py goes through them."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.records import Alive, Reads, Up
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.llrp import Message, Parameter, encode_message
from drivers.codecs.llrp_setup import GpiTrigger, Radio, Reading
from drivers.codecs.notice import Notice
from tests.llrp_bytes import epc, message, report, tag
from tests.llrp_peer import (
    IMPINJ,
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
    silent,
    status,
    tags_of,
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


@pytest.mark.parametrize("answer", [failing(), refusal(109)])
def test_a_reader_that_does_not_list_its_rospecs(answer: Callable[[Message], list[Message]]) -> None:
    """It may have some, of which reports are held: they are fetched, and then all are deleted."""
    peer = Peer(specs={5: 2})
    peer.answers["GET_ROSPECS"] = answer
    play = Play(peer)
    play.hear(greeting())
    play.wait()
    play.hear(old(2))
    play.wait()
    assert peer.names == [*COLD[:4], "GET_REPORT", *COLD[4:]]
    assert play.session.info is not None
    assert len(peer.specs) == 1
    assert tags_of(play.heard) == [name(2)]


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
    "name", ["GET_READER_CAPABILITIES", "SET_READER_CONFIG", "ADD_ROSPEC", "ENABLE_ROSPEC"]
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


def without(*names: str) -> Callable[[Message], list[Message]]:
    """Answers SET_READER_CONFIG like a reader that does not know those parameters."""
    return lambda request: (
        failing(111, "?")(request) if any(request.first(name) for name in names) else [settled(request)]
    )


def settled(request: Message) -> Message:
    return Message(f"{request.name}_RESPONSE", {}, (status(),), request.id)


def test_a_reader_that_does_without_a_part_of_its_configuration() -> None:
    peer = Peer()
    peer.answers["SET_READER_CONFIG"] = without("ReaderEventNotificationSpec", "EventsAndReports")
    play = Play(peer)
    play.start()
    notice = Notice(
        "settings_refused",
        "the reader does without ReaderEventNotificationSpec, EventsAndReports: M_UnsupportedParameter (111) '?'",
    )
    assert play.heard == [notice, Up(play.now), Alive(play.now)]
    assert peer.names.count("SET_READER_CONFIG") == 4


def test_a_reader_that_takes_its_configuration_in_parts_only() -> None:
    peer = Peer()
    peer.answers["SET_READER_CONFIG"] = lambda request: (
        [settled(request)] if len(request.children) == 1 else failing()(request)
    )
    play = Play(peer)
    play.start()
    assert play.heard == [Up(play.now), Alive(play.now)]


def test_inputs_that_are_wanted_cannot_be_missed() -> None:
    peer = Peer()
    peer.answers["SET_READER_CONFIG"] = without("GPIPortCurrentState")
    play = Play(peer, Reading(inputs=(1,)))
    play.start()
    assert "refused SET_READER_CONFIG: M_UnsupportedParameter" in str(play.session.error)


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


@pytest.mark.parametrize(("hopping", "kilohertz"), [(0, 865_700), (1, 902_750)])
def test_the_hop_table_gives_the_channels(hopping: int, kilohertz: int) -> None:
    peer = Peer()
    fine = peer._get_reader_capabilities

    def with_table(request: Message) -> list[Message]:
        (answer,) = fine(request)
        fixed = Parameter("FixedFrequencyTable", {"frequencies": (865_700,)})
        hops = Parameter("FrequencyHopTable", {"hop_table_id": 1, "frequencies": (902_750,)})
        information = Parameter("FrequencyInformation", {"hopping": hopping}, (hops, fixed))
        band = Parameter("UHFBandCapabilities", {}, (information,))
        return [
            replace(answer, children=(*answer.children, Parameter("RegulatoryCapabilities", {}, (band,))))
        ]

    peer.answers["GET_READER_CAPABILITIES"] = with_table
    play = Play(peer)
    play.start()
    (reads,) = play.hear(report(tag(epc(1), channel=1)))
    assert isinstance(reads, Reads)
    assert reads.channel is not None
    assert reads.channel.tolist() == [kilohertz]
