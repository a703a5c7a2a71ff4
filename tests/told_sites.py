"""Two sites in the central store, and what its views have to answer: by hand, for every edition the same.

Leeds has the zones yard and warehouse with the room cage in it, and the door dock-1 between yard and warehouse. Its
journal was replaced once. York has a yard of its own.
"""

from collections.abc import Mapping

import psycopg

from tests.told import Journal, Told, at, taken_back

Rows = list[tuple[object, ...]]

OUT = Told("passed", "gen-7", "dock-1", 12, "out")
LEFT = Told("departed", "gen-7", "cage", 12), Told("departed", "gen-7", "warehouse", 12)
BACK = Told("arrived", "gen-7", "yard", 12, name="back")


def tell(db: psycopg.Connection) -> None:
    """What happened. gen-7 seemed to leave at 12 h, but did not; what the pump did came late, then it went to York."""
    leeds, york = Journal(db, "leeds"), Journal(db, "york")
    db.execute(
        "SELECT waypost.layout('leeds', %s, %s)", (["yard", "warehouse", "cage"], [None, None, "warehouse"])
    )
    leeds.tell(
        Told("arrived", "gen-7", "yard", 1),
        Told("passed", "gen-7", "dock-1", 10, "in"),
        Told("departed", "gen-7", "yard", 10),
        Told("arrived", "gen-7", "cage", 10, source="room1"),
        Told("arrived", "gen-7", "warehouse", 10, source="room1"),
    )
    leeds.tell(OUT, *LEFT, BACK)
    leeds.tell(*(taken_back(one, 13) for one in (OUT, *LEFT, BACK)))
    leeds.tell(
        Told("arrived", "E280", "yard", 14, unknown=True),
        Told("device_down", None, None, 14, source="door1", reason="timeout"),
        Told("device_up", None, None, 15, source="door1"),
        Told("device_down", None, None, 16, source="door2", reason="refused"),
    )
    leeds.silence("door1", 14, 15)
    leeds.tell(
        Told("arrived", "pump", "yard", 2, detected=30, name="late"),
        Told("passed", "pump", "dock-1", 5.5, "in", detected=30, name="late"),
        Told("departed", "pump", "yard", 5.5, detected=30, name="late"),
        Told("arrived", "pump", "warehouse", 5.5, detected=30, name="late"),
    )
    leeds.hear((1.25, "door1", 1, -60.0, 3), (1.5, "door1", 1, -50.0, 2), (2.5, "door1", 2, -65.0, 1))
    replaced = Journal(db, "leeds", 2)
    # what the old journal had sent already comes again, and is refused
    replaced.tell(Told("arrived", "E280", "yard", 14, unknown=True), Told("departed", "gen-7", "cage", 40))
    replaced.tell(Told("departed", "E280", "yard", 41, unknown=True))
    replaced.hear((2.75, "door1", 2, -70.0, 4))
    york.tell(
        Told("arrived", "van", "yard", 50, source="gate"), Told("arrived", "pump", "yard", 60, source="gate")
    )


NOW: Rows = [
    ("E280", "leeds", None, None, "yard", at(41), "door1"),
    ("gen-7", "leeds", "warehouse", at(10), "warehouse", at(40), "room1"),
    ("pump", "york", "yard", at(60), "yard", at(60), "gate"),
    ("van", "york", "yard", at(50), "yard", at(50), "gate"),
]
MOVEMENTS: Rows = [
    (at(1), "arrived", "yard", None),
    (at(10), "passed", "dock-1", "in"),
    (at(10), "departed", "yard", None),
    (at(10), "arrived", "cage", None),
    (at(10), "arrived", "warehouse", None),
    (at(40), "departed", "cage", None),
]
GAPS: Rows = [("leeds", "door1", at(14), at(15), "timeout"), ("leeds", "door2", at(16), None, "refused")]
PASSES: Rows = [
    ("leeds", "dock-1", "in", at(5), 1),
    ("leeds", "dock-1", "in", at(10), 1),
    ("leeds", "dock-1", "out", at(12), 0),
]
READS: Rows = [("leeds", "door1", 1, at(1), 5, -50.0), ("leeds", "door1", 2, at(2), 5, -65.0)]
HOUR = 3600.0
DWELL: Rows = [
    ("leeds", "cage", at(0), 1, 0, 0, 14 * HOUR),
    ("leeds", "cage", at(24), 0, 1, 1, 16 * HOUR),
    ("leeds", "cage", at(48), 0, 0, 0, 0.0),
    ("leeds", "warehouse", at(0), 2, 0, 0, (14 + 18.5) * HOUR),
    ("leeds", "warehouse", at(24), 0, 0, 2, 48 * HOUR),
    ("leeds", "warehouse", at(48), 0, 0, 2, 48 * HOUR),
    ("leeds", "yard", at(0), 3, 2, 0, (9 + 3.5 + 10) * HOUR),
    ("leeds", "yard", at(24), 0, 1, 1, 17 * HOUR),
    ("leeds", "yard", at(48), 0, 0, 0, 0.0),
    ("york", "yard", at(48), 2, 0, 0, (22 + 12) * HOUR),
]
PROOF: Rows = [
    ("leeds", "events", 1, 21, 21, 21, 0, 0, 0, 0, 1, HOUR),
    ("leeds", "events", 1, 3, 2, 2, 1, 0, 0, 0, 0, 0.0),
    ("leeds", "gaps", 1, 1, 1, 1, 0, 0, 0, 0, 1, HOUR),
    ("leeds", "reads", 1, 3, 3, 3, 0, 0, 0, 0, 1, HOUR),
    ("leeds", "reads", 1, 1, 1, 1, 0, 0, 0, 0, 0, 0.0),
    ("york", "events", 1, 2, 2, 2, 0, 0, 0, 0, 0, 0.0),
]


def _who(zone: str, hour: float) -> str:
    return f"SELECT site, item, since FROM waypost.was_in('{zone}', '{at(hour).isoformat()}') ORDER BY 1, 2"


ANSWERS: Mapping[str, Rows] = {
    "SELECT item, site, place, since, last_place, last_seen, source FROM waypost.item_now ORDER BY item": NOW,
    "SELECT item, site, place, since, last_place, last_seen, source FROM waypost.item_now WHERE item = 'pump'": (
        [NOW[2]]
    ),
    "SELECT time, kind, place, direction FROM waypost.item_movements WHERE item = 'gen-7' "
    "ORDER BY time, kind DESC, place": MOVEMENTS,
    _who("yard", 1): [("leeds", "gen-7", at(1))],
    _who("yard", 5): [("leeds", "gen-7", at(1)), ("leeds", "pump", at(2))],
    _who("yard", 10): [],
    _who("yard", 13): [],
    _who("yard", 20): [("leeds", "E280", at(14))],
    _who("yard", 60): [("york", "pump", at(60)), ("york", "van", at(50))],
    _who("cage", 13): [("leeds", "gen-7", at(10))],
    _who("warehouse", 13): [("leeds", "gen-7", at(10)), ("leeds", "pump", at(5.5))],
    _who("warehouse", 70): [("leeds", "gen-7", at(10))],
    _who("cage", 70): [],
    "SELECT site, source, since, until, reason FROM waypost.gaps ORDER BY since": GAPS,
    "SELECT site, place, direction, hour, passes FROM waypost.passes_hourly ORDER BY hour": PASSES,
    "SELECT site, source, antenna, hour, reads, strongest FROM waypost.reads_hourly ORDER BY antenna": READS,
    "SELECT site, zone, day, arrived, departed, inside, seconds FROM waypost.dwell_daily "
    f"WHERE day <= '{at(48).isoformat()}' ORDER BY site, zone, day": DWELL,
    "SELECT site, stream, first, last, rows, there, refused, missing, lost, doubled, blind, blind_seconds "
    "FROM waypost.proof ORDER BY site, stream, rows DESC": PROOF,
}
