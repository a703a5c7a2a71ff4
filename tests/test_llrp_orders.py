"""Orders to a reader, and the end of a connection: llrp_session.py, llrp_dialogue.py."""

import pytest

from drivers.codecs.llrp import Message, Parameter
from drivers.codecs.llrp_dialogue import MAX_WAITING
from drivers.codecs.notice import Notice
from tests.llrp_bytes import epc, report, tag
from tests.llrp_peer import (
    Peer,
    Play,
    event,
    failing,
    greeting,
    name,
    silent,
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


def ended(id: int, type: int = 1) -> Message:
    return event(Parameter("ROSpecEvent", {"type": type, "rospec_id": id}))


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
