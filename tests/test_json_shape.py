"""Messages of the shape that was declared, and of others: drivers/codecs/json_shape.py."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codecs.json_layout import Layout
from drivers.codecs.json_shape import Shape, shape, split
from drivers.codecs.json_values import Malformed
from drivers.codecs.message_session import Message
from drivers.codecs.topics import TopicFilter

PLACES = {"tag": "epc", "rssi": "a.rssi", "time": "/sent.at", "port": "{port}", "reader": "/reader"}


def made(items: str = "data.tags", places: Mapping[str, str] = PLACES) -> Shape[str] | None:
    inside, around = split(places)
    return shape(tuple(items.split(".")) if items else (), inside, around)


def told(payload: object) -> tuple[Mapping[str, list[object]], int] | None:
    one = made()
    assert one is not None
    return one.told(payload if isinstance(payload, bytes) else json.dumps(payload).encode())


def test_what_was_declared_is_taken_and_the_rest_is_left() -> None:
    tags = [{"epc": "AD99", "x": [1, {"y": 2}], "a": {"rssi": -5, "z": 1}}, {"a": {}}]
    whole = {"reader": "r1", "sent": {"at": 7, "by": None}, "data": {"tags": tags, "more": "x"}, "other": 1}
    columns = {"tag": ["AD99", None], "rssi": [-5, None], "time": [7, 7], "reader": ["r1", "r1"]}
    assert told(whole) == (columns, 2)
    alone = {"sent": {}, "data": {"tags": {"epc": "AD99", "a": {"rssi": 1.5}}}}
    assert told(alone) == ({"tag": ["AD99"], "rssi": [1.5], "time": [None], "reader": [None]}, 1)
    only = made("", {"tag": "epc"})
    assert only is not None
    assert only.told(b'[{"epc": 1}, {}]') == ({"tag": [1, None]}, 2)


@pytest.mark.parametrize(
    "payload",
    [
        b"{", b"\xff", b"[" * 100_000, {}, {"data": None}, {"data": {"tags": None}}, {"data": {"tags": [7]}},
        {"data": {"tags": [{"epc": "AD99"}]}, "sent": {}}, {"data": {"tags": [{"a": {}}]}}, {"data": [1]},
    ],
)  # fmt: skip
def test_another_shape_is_for_others(payload: object) -> None:
    assert told(payload) is None


@pytest.mark.parametrize(
    ("items", "places"),
    [
        ("tags", {"tag": "epc.0"}),
        ("tags", {"tag": "epc", "rssi": "epc.rssi"}),
        ("tags", {"tag": "epc", "time": "/tags"}),
        ("tags", {"tag": "epc", "time": "/tags.time"}),
        ("", {"tag": "epc", "time": "/time"}),
    ],
)
def test_places_without_a_shape(items: str, places: dict[str, str]) -> None:
    assert made(items, places) is None


VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3) | st.booleans() | st.floats(),
    lambda some: (
        st.lists(some, max_size=3)
        | st.dictionaries(
            st.sampled_from(["epc", "a", "rssi", "data", "tags", "sent", "at", "b"]), some, max_size=5
        )
    ),
    max_leaves=15,
)


@given(VALUES, st.sampled_from(["tags", "data.tags", None]), st.sampled_from(["a.rssi", "b"]))
@settings(max_examples=100)
def test_both_ways_give_the_same(value: object, items: str | None, rssi: str) -> None:
    """The other way is forced by a place that has no shape."""
    places: dict[str, str | None] = {"tag": "epc", "rssi": rssi, "time": "/sent.at" if items else None}
    message = Message("t", json.dumps(value).encode(), False, 0)
    found = []
    for extra in ({}, {"count": "b.0"}):
        try:
            columns, others = Layout(TopicFilter("t"), items, places | extra, "tag").values(message)
            found.append(
                repr(({field: columns[field] for field in ("tag", "rssi")}, columns.get("time"), others))
            )
        except Malformed as error:
            found.append(repr(error))
    assert found[0] == found[1]
