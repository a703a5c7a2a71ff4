"""Events in the words of the contract."""

from core.cells import Cells
from core.events import Event, Identity
from core.wording import Wording


def test_a_retraction_has_all_that_sums_are_grouped_by() -> None:
    passed = Event(
        "1", 5, 7, "passed", "gen-7", "E2", "dock-1", "yard", "in", reads=3, confidence=1.0, source="door1"
    )
    back = Wording(Identity("leeds"), Cells(("door1",))).retraction(passed, 9)
    assert back == Event(
        id=Identity("leeds").retraction("1"),
        time=5,
        detected=9,
        kind="retracted",
        item="gen-7",
        tag="E2",
        place="dock-1",
        direction="in",
        late=True,
        source="door1",
        retracts="1",
        of="passed",
    )
