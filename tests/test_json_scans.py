"""Scans in JSON whose places are declared, without a broker: drivers/codecs/json_scans.py, drivers/json_mqtt.py."""

import json

import hypothesis.strategies as st
import pytest
from hypothesis import given
from pydantic import ValidationError

from core.records import Scan
from drivers.codecs.json_scans import ScanPlaces, ScanUnits, Session
from drivers.codecs.message_session import Message, Said
from drivers.codecs.notice import Notice
from drivers.codecs.topics import TopicFilter
from drivers.json_mqtt import JsonScans

NOW = 1_790_000_000_000_000
PLACES = ScanPlaces("data.code", time="at", symbology="data.type", operator="{who}")


def heard(session: Session, value: object, topic: str = "scans/17", retained: bool = False) -> list[Said]:
    """What a message says."""
    return list(session.receive([Message(topic, json.dumps(value).encode(), retained, NOW)]))


def session(badge: str | None = None) -> Session:
    """A new device."""
    return Session(TopicFilter("scans/{who}"), PLACES, ScanUnits("ms"), badge)


def test_every_value() -> None:
    said = heard(session(), {"at": NOW // 1000 - 5, "data": {"code": "9506000134352", "type": "EAN-13"}})
    tag = "barcode:/01/09506000134352"
    assert said == [Scan(NOW - 5_000, tag, "9506000134352", "EAN-13", "badge:17")]


def test_what_is_not_told() -> None:
    bare = Session(TopicFilter("t"), ScanPlaces("code"), ScanUnits())
    assert heard(bare, {"code": "]C1ABC"}, "t")[0] != heard(bare, {"code": "ABC"}, "t")[0]
    assert heard(bare, {"code": "ABC"}, "t") == [Scan(NOW, "barcode:ABC", "ABC")]
    assert heard(bare, {"code": 4711}, "t") == [Scan(NOW, "barcode:4711", "4711")]


def test_a_badge_names_who_holds_the_scanner() -> None:
    one = Session(TopicFilter("t"), ScanPlaces("code"), ScanUnits(), "EMP-")
    assert heard(one, [{"code": "EMP-7"}, {"code": "ABC"}], "t") == [
        Scan(NOW, "badge:EMP-7", "EMP-7", "", "badge:EMP-7"),
        Scan(NOW, "barcode:ABC", "ABC", "", "badge:EMP-7"),
    ]


def test_a_wrong_check_digit_is_no_scan() -> None:
    (said,) = heard(session(), {"data": {"code": "(01)09506000134353"}})
    assert isinstance(said, Notice)
    assert said.name == "wrong_check_digits"


@pytest.mark.parametrize("code", [True, 1.5, [], {}])
def test_a_code_is_a_text(code: object) -> None:
    (said,) = heard(session(), {"data": {"code": code}})
    assert isinstance(said, Notice)
    assert "is no text" in said.text


def test_a_record_that_makes_no_sense_costs_no_other() -> None:
    one = Session(TopicFilter("t"), ScanPlaces("code"), ScanUnits())
    first, last, wrong = heard(one, [{"code": "A"}, {"code": []}, {"code": "B"}, {"code": 1.5}], "t")
    assert [first, last] == [Scan(NOW, "barcode:A", "A"), Scan(NOW, "barcode:B", "B")]
    assert isinstance(wrong, Notice)
    assert "2 of its 4 records left out" in wrong.text
    assert one.counts["malformed_records"] == 2


def test_other_messages_are_counted() -> None:
    one = session()
    assert heard(one, {"battery": 3}) == []
    assert heard(one, {"data": {"code": "A"}}, retained=True) == []
    assert (one.counts["other"], one.counts["retained"]) == (1, 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["data", "code", "type", "at"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(
    JSON
    | st.builds(lambda code, type, at: {"at": at, "data": {"code": code, "type": type}}, JSON, JSON, JSON)
)
def test_whatever_comes_is_a_scan_or_a_reason(value: object) -> None:
    assert all(isinstance(one, Scan | Notice) for one in heard(session(), value))


def test_its_settings() -> None:
    settings = {"id": "desk", "broker": "main", "topic": "scans/{who}"}
    device = JsonScans.model_validate(settings | {"places": {"code": "code", "operator": "{who}"}})
    assert heard(device.session(), {"code": "A"}) == [Scan(NOW, "barcode:A", "A", "", "badge:17")]
    assert (device.handheld, device.lateness) == (True, 0)
    with pytest.raises(ValidationError, match=r"places\.code"):
        JsonScans.model_validate(settings | {"places": {"code": "{x}"}})
