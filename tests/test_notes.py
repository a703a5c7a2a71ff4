"""Values and cursors wait for the next commit; what changes while it runs waits for the one after."""

from gateway.notes import Notebook
from gateway.refusals import Place, Refusal


def test_what_was_written_does_not_wait_any_more() -> None:
    book = Notebook()
    assert not book
    book.put("a", "1")
    book.advance("sink", "events", 5)
    notes = book.notes()
    assert (notes.values, notes.cursors) == ({"a": "1"}, {("sink", "events"): 5})
    book.written(notes)
    assert not book
    assert book.cursor("sink", "events") == 5


def test_what_changed_meanwhile_waits_on() -> None:
    book = Notebook()
    book.put("a", "1")
    book.put("b", "1")
    book.advance("sink", "events", 5)
    notes = book.notes()
    book.put("a", "2")
    book.advance("sink", "events", 6)
    book.written(notes)
    assert (book.get("a"), book.get("b")) == ("2", None)
    assert book.notes().cursors == {("sink", "events"): 6}


def test_a_new_sink_is_registered_at_the_beginning() -> None:
    book = Notebook()
    assert book.cursor("sink", "events") == 0
    assert book.notes().cursors == {("sink", "events"): 0}


def test_a_forgotten_sink_is_deleted_and_may_come_again() -> None:
    book = Notebook()
    book.load({("sink", "events"): 9})
    assert book.cursor("sink", "events") == 9
    book.forget("sink", "events")
    assert book.notes().cursors == {("sink", "events"): None}
    book.written(book.notes())
    assert not book
    assert book.cursor("sink", "events") == 0


def test_what_was_noted_goes_before_what_the_file_says() -> None:
    book = Notebook()
    book.advance("sink", "events", 7)
    book.forget("other", "events")
    book.load({("sink", "events"): 5, ("third", "gaps"): 3})
    assert (book.cursor("sink", "events"), book.cursor("third", "gaps")) == (7, 3)


def test_a_sink_that_begins_later_is_registered_there_once() -> None:
    book = Notebook()
    assert book.begin("mqtt", "events", 40) == 40
    assert book.begin("mqtt", "events", 90) == 40
    assert book.cursors == {("mqtt", "events"): 40}


def test_numbers_begin_anew_with_the_journal() -> None:
    book = Notebook()
    book.load({("sink", "events"): 9})
    book.forget("other", "events")
    book.renew("another", {"events": 9})
    book.put("kept", "1")
    book.replaced("old")
    book.load({})
    assert book.cursor("sink", "events") == 0
    assert (book.notes().values, book.notes().cursors) == (
        {"kept": "1"},
        {("sink", "events"): 0, ("sink", "events/old"): 9, ("other", "events"): None},
    )


def test_a_refusal_waits_and_is_settled() -> None:
    book, place = Notebook(), Place("sink", "epoch", "events", 7)
    book.refuse(place, Refusal(1, "too long", "[]"))
    first = book.notes()
    book.redeem(place)
    book.written(first)
    assert book.notes().refusals == {place: None}
    book.written(book.notes())
    assert not book


def test_numbers_of_a_journal_that_was_replaced_are_not_taken_for_those_of_the_next() -> None:
    book = Notebook()
    book.advance("mqtt", "events", 7, book.volume)
    book.advance("mqtt", "events/older", 9)
    before = book.volume
    book.replaced("old")
    book.advance("mqtt", "events", 8, before)
    assert book.begin("webhook", "events", 8, before) == 8
    book.load({})
    assert book.cursors == {
        ("mqtt", "events"): 0,
        ("mqtt", "events/old"): 7,
        ("mqtt", "events/older"): 9,
    }
    book.advance("mqtt", "events", 1, book.volume)
    assert book.cursor("mqtt", "events") == 1


def test_dates_of_a_journal_that_was_replaced_are_not_those_of_the_next() -> None:
    book = Notebook()
    book.put("redated", "[[0, 5, 0, 5, 1]]")
    book.replaced("old")
    assert book.get("redated") is None


def test_what_waits_to_be_forgotten_is_not_there_again_when_the_file_is_read() -> None:
    book = Notebook()
    book.load({("sink", "events"): 9})
    book.forget("sink", "events")
    book.load({("sink", "events"): 9})
    assert not book.cursors
