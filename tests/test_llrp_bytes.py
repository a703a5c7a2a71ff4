"""Any bytes from a reader: split anywhere, damaged anywhere, garbage between."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import SECOND, Reads, Up
from drivers.codecs.errors import ProtocolError
from drivers.codecs.llrp import Parameter
from drivers.codecs.llrp_session import Said, Session
from drivers.codecs.llrp_setup import Reading
from tests.llrp_bytes import epc, message, report, tag
from tests.llrp_peer import NOW, Peer, Play, event, greeting, keepalive, name, old, our_id, tags_of


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
