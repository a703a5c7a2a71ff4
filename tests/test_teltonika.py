"""Teltonika's codecs 8, 8 extended and 16: published examples, damage, any split; what is written is read again."""

import json
import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Dictionary
from drivers.codecs.catalog import CODECS
from drivers.codecs.crc16 import arc
from drivers.codecs.teltonika import Malformed, Record, Records, data, datagram, frame, login
from drivers.codecs.teltonika_io import CODEC_8, CODEC_8E, CODEC_16
from drivers.codecs.teltonika_session import Datagrams, Session
from drivers.codecs.tracker_columns import fixes
from drivers.codecs.tracker_session import Position, Report

IMEI = "352093086403655"
LINES = [
    bytes.fromhex(line.partition("#")[0])
    for line in (Path(__file__).parent / "data/teltonika/frames.txt").read_text().splitlines()
    if not line.startswith("#")
]
NO_FIX, NINE, EXTENDED, TWO, MOVING = LINES[1:6]
TIME = 1_718_192_096_000_000


def session() -> Session:
    return Session(tracker=IMEI)


def one(data: bytes) -> Report:
    (report,) = session().receive(data, 0)
    return report


def said(position: Position) -> dict[str, object]:
    found: dict[str, object] = json.loads(position.attributes)
    return found


def test_a_connection_begins_with_who_it_is() -> None:
    talk = Session()
    assert talk.receive(LINES[0][:1], 0) == []
    assert talk.receive(LINES[0][1:9], 0) == []
    assert talk.pending == 9
    assert talk.receive(LINES[0][9:], 0) == [Report(IMEI, answer=b"\1")]
    assert (talk.tracker, talk.pending) == (IMEI, 0)
    assert talk.receive(b"\xff", 0) == []


def test_records_without_a_fix() -> None:
    report = one(NO_FIX)
    (position,) = report.positions
    assert (position.time, position.lat, position.lon) == (1_560_161_086_000_000, 0.0, 0.0)
    assert (position.satellites, position.flags) == (0, 0)
    assert said(position) == {
        "priority": "high", "event": 1, "gsm": 3, "din_1": True, "external_mv": 24079, "operator": 24602, "io_78": 0,
    }  # fmt: skip
    assert (report.answer, report.counts) == (b"\0\0\0\1", ["zero_position"])


def test_a_fix() -> None:
    (position,) = one(NINE).positions
    assert position[:6] == (1_377_961_241_710_000, 37.6743392, 21.432776, -4, 0.0, 0)
    assert (position.satellites, position.flags) == (9, 1)
    assert math.isnan(position.accuracy)
    assert said(position) == {"din_1": False, "movement": False, "external_mv": 12835, "speed_kmh": 0}


def test_codec_8_extended() -> None:
    (position,) = one(EXTENDED).positions
    assert position.time == 1_560_166_592_000_000
    assert said(position) == {
        "priority": "high", "event": 1, "din_1": True, "axis_x_mg": 29, "odometer_m": 22949000,
        "iccid_1": 893700218, "iccid_2": 500686954,
    }  # fmt: skip


def test_two_records() -> None:
    report = one(TWO)
    assert [position.time for position in report.positions] == [1_560_160_861_000_000, 1_560_160_879_000_000]
    assert [said(position)["din_1"] for position in report.positions] == [False, True]
    assert report.answer == b"\0\0\0\2"


def test_a_moving_one() -> None:
    (position,) = one(MOVING).positions
    assert position[:4] == (TIME, 52.5200066, 13.404954, 34)
    assert position.speed == pytest.approx(42 / 3.6)
    assert (position.course, position.satellites) == (271, 11)
    assert said(position) == {"ignition": True, "movement": True}


def test_the_simulators_record_is_the_one_that_was_written_by_hand() -> None:
    record = Record(TIME // 1000, 52.5200066, 13.404954, 34, 271, 11, 42, event=0, io={1: {239: 1, 240: 1}})
    assert arc(frame([record])[8:-4]) == int.from_bytes(frame([record])[-4:])
    assert one(frame([record])).positions == one(MOVING).positions


# Damage


@pytest.mark.parametrize("line", [NO_FIX, NINE, EXTENDED, TWO, MOVING])
def test_a_wrong_checksum_is_never_data(line: bytes) -> None:
    for at in (8, 12, 40, len(line) - 1):
        broken = line[:at] + bytes((line[at] ^ 1,)) + line[at + 1 :]
        assert one(broken) == Report(IMEI, answer=bytes(4), counts=("bad_crc",))


def rewritten(line: bytes, at: int, value: int) -> bytes:
    """With a right checksum."""
    inner = bytearray(line[8:-4])
    inner[at] = value
    return line[:8] + bytes(inner) + arc(bytes(inner)).to_bytes(4)


@pytest.mark.parametrize(
    ("line", "at", "value", "name"),
    [
        (NINE, -1, 2, "wrong_count"),
        (NINE, 1, 2, "wrong_count"),
        (NINE, 28, 9, "wrong_count"),  # more elements than there are
        (NINE, 28, 1, "wrong_count"),  # fewer
        (TWO, 28, 200, "wrong_count"),
        (EXTENDED, -2, 3, "wrong_count"),
        (NINE, 0, 0x77, "unknown_codec"),
    ],
)
def test_what_contradicts_itself_is_not_acknowledged(line: bytes, at: int, value: int, name: str) -> None:
    assert one(rewritten(line, at, value)) == Report(IMEI, answer=bytes(4), counts=(name,))


def test_counts_of_both_ends_that_are_too_many() -> None:
    assert one(rewritten(rewritten(NINE, 1, 9), -1, 9)).counts == ("wrong_count",)


def test_bytes_behind_the_last_record_and_a_value_that_is_cut_off() -> None:
    for broken in (NINE[8:-5] + b"\0\1", NINE[8:-6] + b"\1\x0b\0\1"):
        said = bytes(4) + len(broken).to_bytes(4) + broken + arc(broken).to_bytes(4)
        assert one(said) == Report(IMEI, answer=bytes(4), counts=("wrong_count",))


def test_commands_are_passed_over() -> None:
    assert one(rewritten(NINE, 0, 0x0C)) == Report(IMEI, counts=("commands",))


def test_no_data_at_all() -> None:
    with pytest.raises(Malformed, match="unknown_codec"):
        Records().read(b"")


@pytest.mark.parametrize(
    ("bytes_", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "does not begin with an IMEI"),
        (b"\0\x0fabcdefghijklmno", "does not begin with an IMEI"),
        (login(IMEI) + b"\0\0\1\0", "does not begin with four zeros"),
        (login(IMEI) + bytes(4) + b"\0\1\0\0", "a frame of 65536 bytes"),
        (login(IMEI) + bytes(8), "a frame of 0 bytes"),
    ],
)
def test_what_no_tracker_says_ends_the_connection(bytes_: bytes, reason: str) -> None:
    talk = Session()
    *_, last = talk.receive(bytes_, 0)
    assert last.counts == ("malformed",)
    assert talk.error is not None
    assert reason in str(talk.error)
    assert talk.pending == 0


def test_what_ends_a_connection_is_counted_whatever_came_before() -> None:
    stream = NINE[:-1] + b"\xff" + b"nonsense"
    whole, split = session(), session()
    apart = [*split.receive(stream[: len(NINE)], 0), *split.receive(stream[len(NINE) :], 0)]
    assert whole.receive(stream, 0) == apart
    assert [report.counts for report in apart] == [("bad_crc",), ("malformed",)]


def test_who_is_not_on_the_list_is_refused() -> None:
    talk = Session(frozenset(("1",)).__contains__)
    assert talk.receive(login(IMEI) + MOVING, 0) == [Report(IMEI, answer=b"\0", counts=("refused",))]
    assert talk.error is not None
    assert "add it" in str(talk.error)
    assert Datagrams(frozenset(("1",)).__contains__).receive(datagram(IMEI, 1, 1, [RECORD]), 0) == [
        Report(IMEI, counts=("refused",))
    ]


# What stands in a record

RECORD = Record(TIME // 1000, 52.5, 13.4)


def read(record: Record, codec: int = CODEC_8) -> Report:
    return one(frame([record], codec))


@pytest.mark.parametrize(
    ("record", "counts"),
    [
        (Record(TIME // 1000, 91.0, 13.4), ["out_of_range"]),
        (Record(TIME // 1000, 52.5, -181.0), ["out_of_range"]),
        (Record(4_102_444_800_000, 52.5, 13.4), ["impossible_date"]),
        (Record((1 << 64) - 1, 52.5, 13.4), ["impossible_date"]),
    ],
)
def test_what_can_not_be_is_counted_and_acknowledged(record: Record, counts: list[str]) -> None:
    assert read(record) == Report(IMEI, [], b"\0\0\0\1", counts)


def test_zero_is_no_position_whatever_the_satellites_say() -> None:
    report = read(Record(TIME // 1000, 0.0, 0.0))
    assert (report.positions[0].flags, report.counts) == (0, ["zero_position"])


def test_speeds_courses_and_priorities() -> None:
    (fast,) = read(Record(TIME // 1000, 52.5, 13.4, speed=2000, course=361, priority=2)).positions
    assert math.isnan(fast.speed)
    assert math.isnan(fast.course)
    assert said(fast) == {"priority": "panic"}
    (odd,) = read(Record(TIME // 1000, 52.5, 13.4, course=360, priority=9)).positions
    assert (odd.course, said(odd)) == (0, {"priority": 9})
    assert read(RECORD).positions[0].attributes == ""


def test_elements_with_units_signs_and_any_length() -> None:
    record = Record(
        TIME // 1000, 52.5, 13.4,
        io={1: {239: 0, 300: 7}, 2: {17: -250, 182: 8, 181: 15}, 4: {16: 123}, 8: {11: (1 << 64) - 1}},
        longer={256: b"WDB", 182: b"\5", 300: b""},
    )  # fmt: skip
    (position,) = read(record, CODEC_8E).positions
    assert said(position) == {
        "ignition": False, "io_300": "", "axis_x_mg": -250, "hdop": "05", "pdop": 1.5, "odometer_m": 123,
        "iccid_1": (1 << 64) - 1, "io_256": "574442",
    }  # fmt: skip
    assert math.isnan(position.accuracy)


def test_accuracy_from_hdop() -> None:
    (position,) = read(Record(TIME // 1000, 52.5, 13.4, io={2: {182: 9}})).positions
    assert position.accuracy == pytest.approx(0.9 * 15 / 2.45)
    assert said(position) == {"hdop": 0.9}


def test_codec_16() -> None:
    (position,) = read(Record(TIME // 1000, 52.5, 13.4, event=300, io={1: {300: 7}}), CODEC_16).positions
    assert said(position) == {"event": 300, "io_300": 7}


def test_a_record_with_more_elements_than_is_usual() -> None:
    many = {id: id % 256 for id in range(1000, 1100)}
    reports = [read(Record(TIME // 1000, 52.5, 13.4, io={1: many}), CODEC_8E) for _ in range(2)]
    assert reports[0] == reports[1] or math.isnan(reports[0].positions[0].accuracy)
    assert len(said(reports[0].positions[0])) == 100


def test_layouts_that_change_from_record_to_record() -> None:
    records = [
        Record(TIME // 1000 + at, 52.5, 13.4, io={1: {239: at % 2}, 2: {66: at} if at % 3 else {}})
        for at in range(50)
    ]
    positions = one(frame(records)).positions
    assert [position.time for position in positions] == [record.time * 1000 for record in records]
    assert [said(position).get("external_mv", 0) for position in positions] == [
        at if at % 3 else 0 for at in range(50)
    ]


def test_frames_whose_records_are_all_alike_and_one_that_only_looks_so() -> None:
    def frames(id: int) -> bytes:
        return frame([Record(TIME // 1000 + at, 52.5, 13.4, io={2: {id: at}}) for at in range(20)])

    talk = session()
    for id, name in ((66, "external_mv"), (66, "external_mv"), (67, "battery_mv"), (67, "battery_mv")):
        (report,) = talk.receive(frames(id), 0)
        assert [said(position)[name] for position in report.positions] == list(range(20))
        assert [position.time for position in report.positions] == [TIME + 1000 * at for at in range(20)]


def test_a_frame_without_records() -> None:
    talk = session()
    for records in ([], [RECORD], []):
        (report,) = talk.receive(frame(records), 0)
        assert (len(report.positions), report.answer) == (len(records), len(records).to_bytes(4))


def test_other_codecs_on_the_same_connection() -> None:
    talk = session()
    for codec in (CODEC_8, CODEC_8E, CODEC_16, CODEC_8):
        (report,) = talk.receive(frame([RECORD], codec), 0)
        assert report.positions[0].lat == 52.5


# Datagrams


def test_a_datagram() -> None:
    (report,) = Datagrams().receive(datagram(IMEI, 0xCAFE, 0x22, [RECORD, RECORD]), 0)
    assert (report.tracker, len(report.positions)) == (IMEI, 2)
    assert report.answer == bytes.fromhex("0005cafe012202")


@pytest.mark.parametrize(
    "broken", [b"", b"\0\5\1\2\1", datagram("abc", 1, 1, [RECORD]), datagram(IMEI, 1, 1, [RECORD])[:-1]]
)
def test_a_datagram_that_is_none(broken: bytes) -> None:
    assert Datagrams().receive(broken, 0) == [Report("", counts=("malformed",))]


def test_a_datagram_whose_data_contradicts_itself() -> None:
    good = datagram(IMEI, 1, 1, [RECORD])
    assert Datagrams().receive(good[:-1] + b"\7", 0) == [Report(IMEI, counts=("wrong_count",))]


# Any split


@given(cuts=st.lists(st.integers(0, 600), max_size=12))
def test_any_split_is_the_same(cuts: list[int]) -> None:
    stream = b"".join(LINES)
    whole, split = Session(), Session()
    edges = [0, *sorted(cuts), len(stream)]
    apart = [report for a, b in pairwise(edges) for report in split.receive(stream[a:b], 0)]
    assert repr(apart) == repr(whole.receive(stream, 0))


# What is it saying


def lines(bytes_: bytes) -> Iterator[dict[str, object]]:
    return (dict(line) for line in CODECS["teltonika"].decode(bytes_))


def test_decode() -> None:
    hello, *rest = lines(b"".join(LINES))
    assert hello == {"message": "hello", "tracker": f"tracker:{IMEI}"}
    assert sum("lat" in line for line in rest) == 6
    text = b"\n".join(line.hex().encode() for line in [*LINES, datagram(IMEI, 1, 1, [RECORD])])
    assert sum("lat" in line for line in lines(text)) == 7


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_decode_hex_with_blanks(end: str) -> None:
    said = [MOVING, datagram(IMEI, 1, 1, [RECORD, RECORD])]
    assert sum("lat" in line for line in lines(end.join(one.hex(" ") for one in said).encode())) == 3


def test_decode_midway_and_what_is_broken() -> None:
    (line,) = lines(MOVING.hex().encode())
    assert (line["tracker"], line["lat"]) == (None, 52.5200066)
    assert list(lines(MOVING[:-1])) == [{"error": "the last 48 bytes are no whole message"}]
    counted, error, *again = lines(b"474554202f20\n" + MOVING.hex().encode() + b"f")
    assert counted == {"error": "malformed", "tracker": None}
    assert "IMEI" in str(error["error"])
    assert [line["lat"] for line in again] == [52.5200066]
    assert list(lines(b"")) == []


def test_columns() -> None:
    rows = [("1", one(NINE).positions), ("2", one(MOVING).positions)]
    batch = fixes(Dictionary(), rows)
    assert batch.trackers.ids == ["tracker:1", "tracker:2"]
    assert batch.lat.tolist() == [37.6743392, 52.5200066]
    assert batch.attributes is not None
    assert fixes(Dictionary(), [("1", read(RECORD).positions)]).attributes is None
    assert len(fixes(Dictionary(), [])) == 0


def test_data_has_a_limit() -> None:
    assert len(data([RECORD] * 255)) == 3 + 255 * 30
