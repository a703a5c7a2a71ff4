"""A receiver's connection: up, alive, without a fix, silent, and something else altogether; what decode says."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Alive, Body, Fixes, Up
from drivers.codecs.errors import ProtocolError
from drivers.codecs.gps_binary import SIRF, UBX, protocol
from drivers.codecs.gps_calendar import ERA, Reference
from drivers.codecs.nmea_decode import decode_lines
from drivers.codecs.nmea_recording import Recording
from drivers.codecs.nmea_session import Session
from drivers.codecs.notice import Notice
from simulators.nmea import Faults, SimulatedReceiver
from simulators.nmea_dialects import DIALECTS
from simulators.track import Track, metres
from tests.nmea_text import AT, GGA, LAT, RMC, stream

SECOND = 1_000_000
UBX_ACK = bytes.fromhex("B5620501020006010F38")
"""UBX-ACK-ACK of u-blox's interface description."""
SIRF_ACK = bytes.fromhex("A0A200020B8D0098B0B3")
"""Message 11, an acknowledgement of message 141: the sum is 0B + 8D."""


class Talk:
    """A session in a time of its own."""

    def __init__(self, remedy: str = "mend it") -> None:
        self.session = Session("tracker:van", 0.0, remedy)
        self.at = 0.0
        self.said: list[Body | Notice] = []

    @property
    def now(self) -> int:
        return AT + round(self.at * SECOND)

    def hear(self, data: bytes) -> "Talk":
        self.said += self.session.receive(data, self.now, self.at)
        return self

    def wait(self, seconds: float) -> "Talk":
        """Nothing comes for so long."""
        end = self.at + seconds
        while self.session.error is None and self.session.deadline <= end:
            self.at = self.session.deadline
            self.said += self.session.timeout(self.now, self.at)
        self.at = end
        return self

    @property
    def fixes(self) -> list[tuple[int, float, float]]:
        rows: list[tuple[int, float, float]] = []
        for one in self.said:
            if isinstance(one, Fixes):
                rows += zip(one.time.tolist(), one.lat.tolist(), one.lon.tolist(), strict=True)
        return rows

    @property
    def notices(self) -> list[Notice]:
        return [one for one in self.said if isinstance(one, Notice)]


def played(receiver: SimulatedReceiver, seconds: int) -> Talk:
    """The receiver speaks in the rhythm of its periods."""
    here, period = Talk(), receiver.dialect.period
    for n in range(seconds * SECOND // period):
        here.hear(receiver.advance(receiver.receiver.start + n * period))
        here.wait(period / SECOND)
    return here


@pytest.mark.parametrize("name", DIALECTS)
def test_a_receiver_is_where_it_truly_is(name: str) -> None:
    receiver = SimulatedReceiver(Track(5, AT), DIALECTS[name])
    here = played(receiver, 30)
    assert [time for time, _, _ in here.fixes] == [time for time, _ in receiver.told]
    for (_, lat, lon), (_, place) in zip(here.fixes, receiver.told, strict=True):
        assert metres((lat, lon), (place.lat, place.lon)) < 0.2
    assert here.session.counts == {}
    assert here.notices == []
    assert [type(one) for one in here.said[:1]] == [Up]
    assert sum(isinstance(one, Alive) for one in here.said) > 10


def test_what_goes_wrong_on_the_way() -> None:
    """A tunnel, a receiver that repeats itself, half sentences and a week counter that has run over."""
    faults = Faults((AT + 10 * SECOND, AT + 25 * SECOND), (AT + 40 * SECOND, AT + 55 * SECOND), 1, (30, 32))
    receiver = SimulatedReceiver(Track(6, AT), DIALECTS["u-blox"], faults)
    here = Talk()
    here.session.judge_dates(Reference(AT))
    for n in range(70):
        here.hear(receiver.advance(AT + n * SECOND)).wait(1.0)
    assert [time for time, _, _ in here.fixes] == [time for time, _ in receiver.told]
    assert len(here.fixes) == 70 - 15 - 15 - 2
    assert here.session.counts["no_fix"] == 15
    assert here.session.counts["repeated"] == 15 * 3
    assert [one.text.partition(";")[0] for one in here.notices] == [
        "no fix: the receiver stands by no position",
        "no fix: the receiver repeats an old time",
    ]
    for one in here.said:
        if isinstance(one, Fixes):
            assert set(one.flags.tolist()) == {1 | 8}


def test_the_last_epoch_does_not_wait_for_the_next() -> None:
    here = Talk().hear(stream(RMC, GGA))
    assert here.session.info == "NMEA 0183: GPRMC, GPGGA"
    assert here.fixes == []
    here.wait(0.3)
    assert here.fixes == []
    here.wait(0.2)
    ((time, lat, _),) = here.fixes
    assert time == AT
    assert lat == pytest.approx(LAT)


def test_a_receiver_that_falls_silent() -> None:
    here = Talk().hear(stream(RMC, GGA)).wait(9.9)
    assert here.session.error is None
    here.session.postpone(60.0)
    here.wait(60.0)
    assert here.session.error is None
    here.wait(1.0)
    assert isinstance(here.session.error, ProtocolError)
    assert str(here.session.error) == "no sentence came for 10 s; look at the receiver's power"


def test_one_that_sends_seldom_is_waited_for() -> None:
    here = Talk().hear(stream(RMC, GGA)).wait(5)
    here.hear(stream(RMC.replace("101112", "101142"))).wait(1)
    here.hear(stream(RMC.replace("101112", "101212"))).wait(140)
    assert here.session.error is None
    here.wait(20)
    assert "no sentence came for 150 s" in str(here.session.error)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "nothing came for 10 s; look at the receiver's power and its wires (are TX and RX crossed?)"),
        (b"\x80\x93\xf1" * 20, "what arrives is no NMEA; mend it"),
        (b"\x80" + UBX_ACK, "the receiver speaks UBX (u-blox), not NMEA; switch on NMEA at this port with u-center"),
        (b"\x80" + SIRF_ACK, "the receiver speaks SiRF binary, not NMEA; switch it to NMEA"),
    ],
)  # fmt: skip
def test_what_is_no_receiver(data: bytes, reason: str) -> None:
    here = Talk()
    for _ in range(8):
        here.hear(data).wait(1.0)
    assert here.session.error is None
    here.wait(3.0)
    assert reason in str(here.session.error)


def test_noise_that_never_ends_is_no_sign_of_life() -> None:
    here = Talk().hear(stream(RMC, GGA))
    for _ in range(25):
        here.at += 0.5
        here.hear(bytes(1000))
    assert "no sentence came" in str(here.session.error)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("GPRMC,,V,,,,,,,,,,N", "no fix: the receiver has no time"),
        (RMC.replace(",A,4808", ",V,4808"), "no fix: the receiver stands by no position"),
        (GGA, "no date: it sends positions, but neither RMC nor ZDA"),
        (RMC.replace("210326", "060180"), "its date cannot be right"),
        (RMC.replace("4808.9978,N,01135.0800,E", "0000.0,N,00000.0,E"), "no fix"),
    ],
)
def test_one_line_says_why_there_is_no_fix(body: str, text: str) -> None:
    here = Talk()
    for n in range(30):
        here.hear(stream(body.replace("101112", f"1011{12 + n:02d}"))).wait(1.0)
    (notice,) = here.notices
    assert notice.name == "dry_spells"
    assert text in notice.text
    assert here.session.data_to_send() == b""


@given(st.binary(max_size=400), st.integers(0, 400))
def test_any_bytes_are_survived(data: bytes, at: int) -> None:
    here = Talk().hear(data[:at]).hear(data[at:]).wait(20)
    assert isinstance(here.session.error, ProtocolError)


def test_binary_protocols_are_known_by_their_checksums() -> None:
    assert protocol(b"x" + UBX_ACK + b"x") == UBX
    assert protocol(b"x" + SIRF_ACK) == SIRF
    for wrong in (UBX_ACK[:-1], UBX_ACK[:-1] + b"\0", SIRF_ACK[:-1], SIRF_ACK[:5] + b"\1" + SIRF_ACK[6:]):
        assert protocol(b"\xb5\x62" + wrong + bytes(20)) is None
    assert protocol(b"\xb5\x62\0\0\xff\xff" + bytes(70000)) is None
    assert protocol(b"\xa0\xa2\xff\xff" + bytes(70000)) is None


# waypost decode nmea


def decoded(data: bytes) -> list[dict[str, object]]:
    return list(decode_lines(data))


def fixes(lines: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    return [line for line in lines if "lat" in line]


def test_what_decode_says() -> None:
    line, rest = decoded(stream(RMC, GGA))
    assert line == {
        "time": "2026-03-21T10:11:12.000000Z",
        "tracker": None,
        "lat": 48.149963333,
        "lon": 11.584666667,
        "alt": 464.4,
        "speed": 5.144,
        "course": 84.4,
        "accuracy": 7.347,
        "satellites": 8,
        "valid": True,
        "attributes": {"hdop": 1.2},
    }
    assert rest == {"message": "nmea", "sentences": 2}
    assert decoded(b"") == [{"message": "nmea", "sentences": 0}]


def test_decode_takes_hex() -> None:
    data = stream(RMC, GGA)
    assert decoded(data.hex().encode() + b"0\n") == decoded(data)


@pytest.mark.parametrize("header", ["# Date: 2026-3-21", "# date = 2026-03-22"])
def test_a_recording_that_says_when_it_was_made(header: str) -> None:
    rolled = stream(RMC.replace("210326", "050806"))
    (line,) = fixes(decoded(header.encode() + b"\n# $GPGGA, a comment\n" + rolled))
    assert (line["time"], line["corrected"]) == ("2026-03-21T10:11:12.000000Z", True)
    (line,) = fixes(decoded(b"# Date: 2026-13-21\n" + rolled))
    assert (line["time"], line.get("corrected")) == ("2006-08-05T10:11:12.000000Z", None)
    assert AT - ERA == 1_154_772_672_000_000


def test_when_it_was_published_is_no_reason_to_move_a_date() -> None:
    (line,) = fixes(decoded(b"# Date: 2037-01-01\n" + stream(RMC)))
    assert (line["time"], line.get("corrected")) == ("2026-03-21T10:11:12.000000Z", None)
    (line,) = fixes(decoded(b"# Date: 2019-06-01\n" + stream(RMC.replace("210326", "070419"))))
    assert line["time"] == "2019-04-07T10:11:12.000000Z"


def test_decode_of_nothing_but_ais() -> None:
    assert decoded(b"!AIVDM,1,1,,A,13u?etPv2;0n:dDPwUM1U1Cb069D,0*24\r\n") == [
        {"message": "nmea", "sentences": 0, "encapsulated": 1}
    ]


def test_decode_names_what_is_no_nmea() -> None:
    assert decoded(b"hello\n") == [{"error": "no sentence with a right checksum; 6 bytes of something else"}]
    (line,) = decoded(UBX_ACK)
    assert "it is UBX (u-blox): switch on NMEA" in str(line["error"])


def test_decode_of_a_recording_that_was_cut_off_in_a_sentence() -> None:
    data = stream(RMC, GGA)[:-20]
    lines = decoded(data)
    assert len(fixes(lines)) == 1
    assert lines[-1] == {"message": "nmea", "sentences": 1, "noise": len(stream(GGA)) - 20}


@given(st.lists(st.integers(0, 12), max_size=5))
def test_a_recording_in_pieces_of_lines(cuts: list[int]) -> None:
    log = b"# Date: 2026-03-21\n" + b"".join(
        stream(RMC.replace("101112", f"1011{second}"), GGA.replace("101112", f"1011{second}"))
        for second in range(12, 18)
    )
    lines = log.splitlines(keepends=True)
    whole, parts = Recording("tracker:van"), Recording("tracker:van")
    expected = [*whole.feed(log), *whole.end()]
    edges = [0, *sorted(cuts), len(lines)]
    found = [fix for at, to in pairwise(edges) for fix in parts.feed(b"".join(lines[at:to]))]
    assert repr(found + parts.end()) == repr(expected)
    assert [fix.time for fix in expected] == [AT + second * SECOND for second in range(6)]
    assert (parts.sentences, parts.counts) == (whole.sentences, whole.counts)


def test_decode_names_wrong_checksums_and_none_at_all() -> None:
    wrong = stream(RMC)[:-4] + b"00\r\n"
    remedy = "look at the baud rate and the wires, or at who has edited the recording"
    assert decoded(wrong * 2) == [
        {"error": f"no sentence with a right checksum, and 2 with a wrong one; {remedy}"}
    ]
    assert decoded(wrong + stream(RMC))[1:] == [{"message": "nmea", "sentences": 1, "checksum": 1}]
    bare = stream(RMC).partition(b"*")[0]
    for end in (b"\r\n", b""):
        assert decoded(bare + end) == [
            {
                "error": "no sentence with a right checksum; there are some without any; switch it on at the receiver"
            }
        ]
