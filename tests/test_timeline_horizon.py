"""What is decided only after it is older than the horizon is told all the same."""

from core.events import Event
from core.pipeline import Pipeline
from core.records import SECOND, Alive, Dictionary, Input, Reads, reads
from core.site import Antenna, Portal, Site, Source, Zone

EPOCH = 1_700_000_000 * SECOND
TAG = "E20000000000000000000001"
SITE = Site(
    "leeds",
    zones=(Zone("yard"), Zone("warehouse"), Zone("room", inside="warehouse")),
    portals=(Portal("dock", ("yard", "warehouse")),),
    sources=(
        Source("door", (Antenna(1, portal="dock", side="yard"), Antenna(2, portal="dock", side="warehouse"))),
        Source("inner", (Antenna(1, zone="room"),)),
    ),
)


def seen(second: float, port: int) -> Reads:
    """One read."""
    return reads(Dictionary([TAG]), [EPOCH + round(second * SECOND)], [0], [port], [-55.0])


def crossing(second: float, ports: tuple[int, int]) -> list[tuple[str, Reads]]:
    """Ten reads at each side of the door."""
    side = [(second + 0.1 * n, ports[0]) for n in range(10)] + [
        (second + 1.5 + 0.1 * n, ports[1]) for n in range(10)
    ]
    return [("door", seen(at, port)) for at, port in side]


def test_a_frontier_that_stood_still_for_longer_than_the_horizon() -> None:
    pipeline = Pipeline(SITE)
    events: list[Event] = []

    def step(source: str, body: Reads | Alive) -> None:
        events.extend(pipeline.step(Input(source, 0, body)).events)

    step("inner", seen(0, 1))
    step("inner", seen(5, 1))
    for source, body in crossing(60, (2, 1)):
        step(source, body)
    step("door", Alive(EPOCH + 900 * SECOND))
    step("inner", Alive(EPOCH + 900 * SECOND))
    for source, body in crossing(1800, (1, 2)):
        step(source, body)
    step("door", Alive(EPOCH + 3600 * SECOND))
    step("inner", Alive(EPOCH + 3600 * SECOND))
    told = [(event.kind, event.place) for event in events]
    assert told == [
        ("arrived", "warehouse"),
        ("arrived", "room"),
        ("passed", "dock"),
        ("departed", "room"),
        ("departed", "warehouse"),
        ("arrived", "yard"),
        # the room's reader speaks again: it had been silent before the pass, so the room was left earlier
        ("retracted", "room"),
        ("retracted", "warehouse"),
        ("departed", "room"),
        ("departed", "warehouse"),
        ("passed", "dock"),
        ("departed", "yard"),
        ("arrived", "warehouse"),
    ]
    standing = [event for event in events if event.kind == "departed" and event.place == "room"]
    assert standing[-1].time == EPOCH + 5 * SECOND
