"""Where texts stand: the same as a dict says, however many were put, moved and removed."""

import hypothesis.strategies as st
from hypothesis import given, settings

from core.index import Index

NAMES = [f"E280{number:020X}" for number in range(40)]


class Same(str):
    """A text whose hash is that of all others."""

    def __hash__(self) -> int:
        return 7


@given(
    st.lists(st.tuples(st.sampled_from(("put", "remove", "find")), st.integers(0, 39)), max_size=200),
    st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_it_says_what_a_dict_says(steps: list[tuple[str, int]], collide: bool) -> None:
    texts: list[str] = []
    index, model = Index(texts), dict[str, int]()
    for kind, number in steps:
        text = Same(NAMES[number]) if collide else NAMES[number]
        if kind == "put":
            texts.append(text)
            index.put(text, len(texts) - 1)
            model[text] = len(texts) - 1
        elif kind == "remove":
            index.remove(text)
            model.pop(text, None)
        assert index.find(text) == model.get(text, -1)
        assert len(index) == len(model)
    assert [index.find(text) for text in NAMES if not collide] == [
        model.get(text, -1) for text in NAMES if not collide
    ]


def test_a_thousand_texts_are_found() -> None:
    texts = [f"{number}" for number in range(1_000)]
    index = Index(texts)
    for number, text in enumerate(texts):
        index.put(text, number)
    assert [index.find(text) for text in texts] == list(range(1_000))
    for text in texts[::2]:
        index.remove(text)
    assert [index.find(text) for text in texts] == [number if number % 2 else -1 for number in range(1_000)]


def test_who_comes_and_goes_takes_no_more_room() -> None:
    texts = [""] * 10
    index = Index(texts)
    for number in range(10_000):
        at = number % 10
        if texts[at]:
            index.remove(texts[at])
        texts[at] = f"{number}"
        index.put(texts[at], at)
    assert len(index) == 10
    assert index.room <= 64
