"""Many records in one step give what each gives by itself: drivers/codecs/json_columns.py, json_rows.py, json_session.py.

The oracle takes one record after the other and one value after the other, as drivers/codecs/json_values.py reads it.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.records import SECOND, Reads
from drivers.codecs import json_rows
from drivers.codecs import json_values as values
from drivers.codecs.json_columns import FEW, MEMORY, Rfc3339, epochs, found_in_each, numbers, wholes
from drivers.codecs.json_mapping import Places, Session, Units
from drivers.codecs.json_rows import JsonRows, channels, measured
from drivers.codecs.json_session import AT_ONCE, MOST_WRONG
from drivers.codecs.json_values import Malformed
from drivers.codecs.message_session import UNTOLD, Message, Said
from drivers.codecs.notice import Notice
from drivers.codecs.topics import TopicFilter

NOW = 1_774_682_420 * SECOND
EPC = "E28011700000020D2A412182"
MANY = 3 * FEW
PLACES = Places("epc", "tags", "/at", "{port}", "a.rssi", "n", "angle", "f")
UNITS = Units("ms", "cdbm", "deg", "mhz")
Row = tuple[str, int, int, float, int, float, int]


def session(places: Places = PLACES, units: Units = UNITS) -> Session:
    return Session(TopicFilter("gates/{port}"), places, units)


def message(records: object, port: str = "2", at: object = NOW // 1000, arrival: int = NOW) -> Message:
    return Message(f"gates/{port}", json.dumps({"tags": records, "at": at}).encode(), False, arrival)


def flat(found: Sequence[Said]) -> list[object]:
    """Rows of reads, and notices, in order."""
    out: list[object] = []
    for one in found:
        out += rows(one) if isinstance(one, Reads) else [one]
    return out


def rows(reads: Reads) -> Iterator[Row]:
    n = len(reads)
    phase = np.full(n, np.nan, np.float32) if reads.phase is None else reads.phase
    channel = np.zeros(n, np.int32) if reads.channel is None else reads.channel
    columns = (reads.time, reads.antenna, reads.rssi, reads.count, phase, channel)
    for tag, *others in zip(reads.tag.tolist(), *(column.tolist() for column in columns), strict=True):
        time, port, rssi, count, angle, hertz = (-1.0 if one != one else one for one in others)  # NaN is NaN
        yield (reads.tags.ids[tag], int(time), int(port), rssi, int(count), angle, int(hertz))


def oracle(messages: Sequence[Message]) -> tuple[list[object], Counter[str]]:
    """What PLACES and UNITS make of them, record by record."""
    out: list[object] = []
    scalar = session()
    for one in messages:
        records = json.loads(one.payload)["tags"]
        tagged = [record for record in records if isinstance(record, dict) and record.get("epc") is not None]
        scalar.counts["other"] += len(records) - len(tagged)
        errors = []
        for record in tagged:
            try:
                row = _row(record, one, scalar)
                out += [] if row is None else [row]
            except Malformed as error:
                errors.append(error)
        if errors:
            scalar.counts["malformed_records"] += len(errors)
            more = f"; {len(errors)} of its {len(tagged)} records left out" if len(tagged) > 1 else ""
            out.append(scalar.malformed(one, Malformed(f"{errors[0]}{more}")))
    return out, scalar.counts


def _row(record: dict[str, Any], one: Message, scalar: Session) -> Row | None:
    inner = record.get("a")
    epc = values.epc(record["epc"], "tag")
    at = json.loads(one.payload)["at"]
    told = None if at is None else values.epoch(at, "time", 1000)
    port = values.whole(one.topic.split("/")[1], "antenna", 0, 0xFFFF)
    rssi = values.number(inner.get("rssi") if isinstance(inner, dict) else None, "rssi")
    count = values.whole(record.get("n"), "count", 1)
    angle = values.number(record.get("angle"), "phase")
    hertz = values.number(record.get("f"), "channel", 0.0) * 1000
    if not 0 <= hertz <= 10_000_000:
        raise Malformed(f"channel {values.shown(record['f'])} is no frequency in mhz; look at units.channel")
    time = one.arrival if told is None else scalar.stamp(told, one.arrival)
    if not any(epc):
        scalar.counts["zero_epc"] += 1
        return None
    strength, turn = np.float32(rssi * 0.01), np.float32(math.radians(angle) % math.tau)
    return (
        epc.hex().upper() if len(epc) % 2 == 0 else f"{epc.hex().upper()}/{8 * len(epc)}", time, port,
        -1.0 if math.isnan(strength) else float(strength), max(count, 1),
        -1.0 if math.isnan(turn) else float(turn), round(hertz),
    )  # fmt: skip


RECORDS = st.fixed_dictionaries(
    {"epc": st.sampled_from([EPC, EPC.lower(), "AD99", "ad-99", "0xAD98", "0000"])},
    optional={
        "a": st.fixed_dictionaries({"rssi": st.integers(-9000, 0) | st.floats(-90, 0)}),
        "n": st.integers(0, 9),
        "angle": st.floats(-720, 720) | st.integers(-720, 720),
        "f": st.sampled_from([866.3, 915, 0, "868.1", None]),
    },
)
WHOLE = st.builds(lambda one: one | {"a": {"rssi": -5000}, "n": 2, "angle": 9, "f": 866.5}, RECORDS)
ODD = st.sampled_from(
    [
        7, None, {}, {"epc": None}, {"epc": 7}, {"epc": ["AD99"]}, {"epc": "XY"}, {"epc": EPC, "n": 10**30},
        {"epc": EPC, "a": {"rssi": "loud"}}, {"epc": EPC, "a": 7}, {"epc": EPC, "f": 1e9}, {"epc": EPC, "n": -1},
        {"epc": EPC, "angle": 10**400}, {"epc": EPC, "a": {"rssi": math.nan}}, {"epc": EPC, "n": True},
        {"epc": EPC, "n": "3", "angle": "1e1"},
    ]
)  # fmt: skip
TIMES = st.sampled_from(
    [NOW // 1000, NOW // 1000 - 500, NOW // 1000 + 5000, None, "soon", 9, str(NOW // 1000)]
)


@given(
    st.lists(
        st.builds(
            message,
            st.lists(WHOLE, max_size=MANY) | st.lists(st.one_of(RECORDS, WHOLE, ODD), max_size=12),
            st.sampled_from(["1", "2", "2", "x"]),
            st.just(NOW // 1000) | TIMES,
        ),
        max_size=6,
    ),
    st.integers(0, 6),
)
@settings(max_examples=60)
def test_many_give_what_each_gives_by_itself(messages: list[Message], split: int) -> None:
    expected, counts = oracle(messages)
    whole, pieces = session(), session()
    assert flat(list(whole.receive(messages))) == expected
    assert flat([*pieces.receive(messages[:split]), *pieces.receive(messages[split:])]) == expected
    for one in (whole, pieces):
        assert +one.counts == +counts


def test_what_is_wrong_costs_no_other_record_and_no_other_message() -> None:
    tags: list[dict[str, object]] = [{"epc": f"{number:04X}", "n": 1} for number in range(1, MANY + 1)]
    wrong = [*tags[:17], tags[17] | {"n": -4}, *tags[18:]]
    first = [tags[0] | {"epc": "XY"}, tags[1]]
    one, two, three, four = message(tags), message(wrong), message(first), message(tags[:2])
    found = flat(list(session().receive([one, two, three, four])))
    notice, other = (row for row in found if isinstance(row, Notice))
    assert [found.index(row) for row in (notice, other)] == [2 * MANY - 1, 2 * MANY + 1]
    assert len(found) == 2 * MANY - 1 + 1 + 1 + 1 + 2
    assert "'gates/2' cannot be understood: count -4 is no whole number" in notice.text
    assert notice.text.endswith(f"1 of its {MANY} records left out")
    assert "tag 'XY'" in other.text


def test_a_message_in_which_nearly_all_is_wrong_is_given_up() -> None:
    tags = [{"epc": EPC, "n": -1}] * (MOST_WRONG + 7) + [{"epc": EPC}]
    here = session()
    (notice,) = here.receive([message(tags)])
    assert isinstance(notice, Notice)
    assert notice.text.endswith(f"{MOST_WRONG + 8} of its {MOST_WRONG + 8} records left out")
    assert here.counts["malformed_records"] == MOST_WRONG + 8


def test_what_is_gathered_is_bounded_and_told_once() -> None:
    half = message([{"epc": "AD99"}] * (AT_ONCE // 2 + 1))
    listener = session()
    for found in listener.receive([half, half, half]):
        assert isinstance(found, Reads)
        assert len(found) == AT_ONCE + 2
        break  # whoever listened has gone
    assert list(listener.receive([])) == []


def test_what_has_grown_begins_anew() -> None:
    units = json_rows.Units(Rfc3339().column, measured(1.0), measured(1.0), channels(1.0, "kHz"))
    rows = JsonRows({"tag": "epc"}, units, Counter(), max_tags=2)
    seen = []
    for told in (["AD99"], ["ad99"], ["AD98"], ["AD97"]):
        found = rows.reads(rows.rows({"tag": list[object](told)}), np.array([NOW]))
        assert found is not None
        seen.append(found.tags)
        rows.renew()
    assert [one.ids for one in seen] == [["AD99", "AD98"]] * 3 + [["AD97"]]
    assert [one is other for one, other in pairwise(seen)] == [True, True, False]


def test_times_of_a_column() -> None:
    at = NOW // 1000
    places = Places("epc", time="at", items="tags")
    tags = [{"epc": "AD99", "at": at - i} for i in range(MANY)]
    (reads,) = session(places).receive([message(tags)])
    assert isinstance(reads, Reads)
    assert reads.time.tolist() == [NOW - i * 1000 for i in range(MANY)]
    tags[3]["at"] = at + 5000  # the clock is ahead, until it is right again
    tags[5].pop("at")
    listener = session(places)
    (reads,) = listener.receive([message(tags)])
    assert isinstance(reads, Reads)
    assert reads.time.tolist()[:7] == [*(NOW - i * 1000 for i in range(3)), NOW, NOW - 4000, NOW, NOW - 6000]
    assert listener.counts == {"clock_ahead": 1}


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(0, 100), st.floats(), st.floats(0, 1e18),
    st.sampled_from([10**19, 10**400, values.LATEST, values.LATEST + 1, 1e300, "12", "x", "-0.5", "1e3", []]),
)  # fmt: skip
PLAIN = st.lists(st.integers(0, 2**40), max_size=MANY) | st.lists(
    st.floats(0, 1e15) | st.integers(0, 9), max_size=MANY
)
COLUMNS = PLAIN | st.lists(VALUES, max_size=MANY)


def outcome(convert: Callable[[], Any]) -> object:
    """What comes out, NaN as text, or why nothing does."""
    try:
        return [str(one) for one in convert()]
    except Malformed as error:
        return error.args


def alike(column: list[Any], many: Callable[[list[Any]], Any], one: Callable[[Any], object]) -> None:
    """Both give the same, or both raise."""
    kind = many([]).dtype
    assert outcome(lambda: many(column)) == outcome(lambda: np.array([one(value) for value in column], kind))


def number_columns(column: list[Any]) -> None:
    """Every function of columns of numbers."""
    alike(column, partial(numbers, name="x"), partial(values.number, name="x"))
    alike(column, lambda told: wholes(told, "x", 1, 0xFFFF), lambda one: values.whole(one, "x", 1, 0xFFFF))
    for unit in (1, 1000, SECOND):
        alike(column, partial(epochs, name="x", unit=unit), partial(epoch, unit=unit))


def epoch(value: object, unit: int) -> int:
    return UNTOLD if value is None else values.epoch(value, "x", unit)


@given(COLUMNS)
@settings(max_examples=60)
def test_columns_of_numbers(column: list[Any]) -> None:
    number_columns(column)


@pytest.mark.parametrize(
    "column", [[1.5] * FEW, [7] * FEW, [10**400] * FEW, [2**63] * FEW, [math.nan] * FEW, [-1] * FEW, [70_000] * FEW]
)  # fmt: skip
def test_columns_of_each_kind(column: list[Any]) -> None:
    number_columns(column)


TEXTS = st.one_of(
    st.builds(
        lambda begin, rest: begin + rest,
        st.sampled_from(
            ["2026-03-28T07:20:20", "2026-03-28 07:20:21", "2026-W13-6T07:20:20", "20260328T072020.123",
             "20260328T07:20:20.1", "2026-02-30T00:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59",
             "2026-03-28T07:20+01", "2026-03-28"]
        ),
        st.sampled_from(
            ["Z", "+00:00", ".5Z", ".123+0000", ".123456Z", ".123456789-05:30", "", ".5", "456Z", ":00Z", "-23:59", "x"]
        ),
    ),
    st.datetimes().map(lambda one: f"{one.isoformat()}Z"),
    st.text(max_size=30),
    st.none() | st.integers(),
)  # fmt: skip


@given(st.lists(TEXTS, max_size=12))
@settings(max_examples=60)
def test_times_as_text_are_remembered_and_mean_the_same(column: list[Any]) -> None:
    times = Rfc3339()
    for _ in range(2):  # the second time from memory
        for value in column:
            alike([value], partial(times.column, name="x"), rfc3339)


def rfc3339(value: object) -> int:
    return UNTOLD if value is None else values.rfc3339(value, "x")


def test_times_as_text_are_forgotten_in_time() -> None:
    times, other = Rfc3339(), datetimes()
    assert times.column(other, "x").tolist() == [values.rfc3339(one, "x") for one in other]
    assert times.column(other[-3:], "x").tolist() == [values.rfc3339(one, "x") for one in other[-3:]]
    assert len(times._seconds) <= MEMORY
    assert len(times._rests) <= MEMORY


@pytest.mark.parametrize("text", ["2026-02-30T00:00:00Z", "2026-03-28T07:20:20x", "2026-03-28T07:20:20+01"])
def test_times_that_are_not_remembered(text: str) -> None:
    alike([text], partial(Rfc3339().column, name="x"), rfc3339)


def datetimes() -> list[object]:
    """More seconds than are remembered."""
    return [
        f"2026-03-28T{i // 3600:02d}:{i // 60 % 60:02d}:{i % 60:02d}.{i % 1000:03d}Z"
        for i in range(MEMORY + 9)
    ]


def test_places_in_many_records() -> None:
    records: list[object] = [{"a": {"b": 1}}, {"a": {"b": 2}}]
    assert found_in_each(records, ("a", "b")) == [1, 2]
    mixed: list[object] = [*records, {"a": [3]}, {}, 7, "ab", None, {"a": {}}]
    assert found_in_each(mixed, ("a", "b")) == [1, 2, *[None] * 6]
    assert found_in_each(mixed, ("a", "0")) == [None, None, 3, *[None] * 5]


@given(st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda some: st.lists(some, max_size=4) | st.dictionaries(st.text(max_size=4), some, max_size=4),
    max_leaves=12,
))  # fmt: skip
@settings(max_examples=60)
def test_json_is_what_python_makes_of_it(value: object) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        found = values.parse(text.encode(errors="surrogatepass"))
        assert json.dumps(found) == json.dumps(value)


@pytest.mark.parametrize(
    "text",
    ["1e400", "-Infinity", '"\\ud800"', "1.7976931348623159e308", "123456789012345678901234567890", '{"a":1,"a":2}',
     "-0", "144115188075855870.3", "18446744073709551616", "5e-324"],
)  # fmt: skip
def test_json_that_parsers_see_differently(text: str) -> None:
    assert values.parse(text.encode()) == json.loads(text)
