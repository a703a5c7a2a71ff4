"""Which complaints of a device are written: drivers/complaints.py."""

from drivers.codecs.notice import Notice
from drivers.complaints import MOST, PERIOD, Complaints


def test_the_same_is_written_once_and_a_change_again() -> None:
    one = Complaints()
    said = ["hot", "hot", "cold", "hot"]
    assert [one.line(Notice("heat", text), 0.0) for text in said] == ["hot", None, "cold", "hot"]


def test_kinds_do_not_hide_each_other() -> None:
    one = Complaints()
    heat, loss = Notice("heat", "hot"), Notice("loss", "high")
    assert [one.line(each, 0.0) for each in (heat, loss, heat, loss)] == ["hot", "high", None, None]


def test_a_flood_in_ever_new_words_is_some_lines_and_a_number() -> None:
    one = Complaints()
    lines = [one.line(Notice("malformed", f"time {n} is none"), n / 100) for n in range(1000)]
    assert [line for line in lines if line is not None] == [f"time {n} is none" for n in range(MOST)]
    later = [one.line(Notice("malformed", f"later {n}"), PERIOD) for n in range(2)]
    assert later == [f"later 0 ({1000 - MOST} more of this kind were not written)", "later 1"]
