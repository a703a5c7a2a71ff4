"""drivers/codecs/topics.py: the examples of MQTT 5.0, section 4.7, and levels with a name."""

import pytest

from drivers.codecs.topics import TopicFilter


@pytest.mark.parametrize(
    ("template", "topic", "covered"),
    [
        ("sport/tennis/player1/#", "sport/tennis/player1", True),
        ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", True),
        ("sport/#", "sport", True),
        ("sport/#", "sports", False),
        ("#", "a/b", True),
        ("#", "$SYS/uptime", False),
        ("+/uptime", "$SYS/uptime", False),
        ("$SYS/#", "$SYS/uptime", True),
        ("sport/+", "sport", False),
        ("sport/+", "sport/", True),
        ("+/+", "/finance", True),
        ("+", "/finance", False),
        ("a.c", "abc", False),
        ("zebra/one", "zebra/one\n", False),
    ],
)
def test_what_a_filter_covers(template: str, topic: str, covered: bool) -> None:
    assert (TopicFilter(template).match(topic) is not None) is covered


def test_levels_with_a_name() -> None:
    one = TopicFilter("site/{reader}/+/{antenna}/#")
    assert one.filter == "site/+/+/+/#"
    assert one.names == ("reader", "antenna")
    assert one.match("site/r1/x/2/tags") == {"reader": "r1", "antenna": "2"}


@pytest.mark.parametrize("template", ["", "a/b+", "a/#/b", "a#", "{Reader}", "a/{x}y", "a\0b", "x" * 70_000])
def test_what_is_no_filter(template: str) -> None:
    with pytest.raises(ValueError, match="; write "):
        TopicFilter(template)


def test_a_name_stands_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        TopicFilter("{a}/{a}")
