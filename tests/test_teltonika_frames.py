"""Teltonika frames of many records, which are read column by column, say what frames of one say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Dictionary
from drivers.codecs.teltonika import MANY, Record, frame
from drivers.codecs.teltonika_session import Session
from drivers.codecs.tracker_columns import columns, fixes

TIME = 1_718_192_096_000
RECORD = Record(TIME, 52.5, 13.4)

RECORDS = st.builds(
    Record,
    st.sampled_from([TIME, TIME + 1, 4_102_444_800_000]),
    st.sampled_from([52.5, 0.0, -90.0, 90.1]),
    st.sampled_from([13.4, 0.0, 180.0, -180.1]),
    st.integers(-9, 9),
    st.integers(358, 362),
    st.integers(0, 2),
    st.integers(1998, 2001),
    st.integers(0, 3),
    st.integers(0, 1),
    st.fixed_dictionaries(
        {1: st.fixed_dictionaries({239: st.integers(0, 2), 21: st.just(4)}), 2: st.just({182: 9, 17: 65_535})}
    ),
)


@given(st.lists(RECORDS, min_size=MANY, max_size=12), st.booleans())
def test_a_frame_of_many_says_what_as_many_frames_say(records: list[Record], alike: bool) -> None:
    records = [replace(one, io={}) for one in records] if alike else records
    together, apart = Session(tracker="1"), Session(tracker="1")
    for _ in range(2):  # what a layout is, is known from the first frame on
        (whole,) = together.receive(frame(records), 0)
        each = [report for record in records for report in apart.receive(frame([record]), 0)]
        assert repr(list(whole.positions)) == repr([one for report in each for one in report.positions])
        assert whole.counts == [name for report in each for name in report.counts]
    assert repr(whole.positions[:2]) == repr(list(whole.positions)[:2])
    texts = tuple(one.attributes for report in each for one in report.positions)
    assert fixes(Dictionary(), [("1", whole.positions)]).attributes == (texts if any(texts) else None)


def test_where_most_frames_have_one_record() -> None:
    many, one = frame([RECORD] * MANY), frame([RECORD])
    talk = Session(tracker="1")
    reports = [report for said in (one, many, one) for report in talk.receive(said, 0)]
    batch = fixes(Dictionary(), [(str(at), report.positions) for at, report in enumerate(reports)])
    assert batch.tracker.tolist() == [0, *[1] * MANY, 2]
    assert batch.lat.tolist() == [52.5] * (MANY + 2)


@pytest.mark.parametrize("lat", [91.0, -91.0])
def test_many_of_which_none_is_a_position(lat: float) -> None:
    talk = Session(tracker="1")
    for _ in range(2):
        (report,) = talk.receive(frame([replace(RECORD, lat=lat)] * MANY), 0)
        assert (list(report.positions), report.counts) == ([], ["out_of_range"] * MANY)
        assert report.answer == MANY.to_bytes(4)
        assert len(columns(report.positions).time) == 0
    batch = fixes(Dictionary(), [("1", report.positions)])
    assert len(batch) == 0
