"""Where trackers were last, out of a journal: as of its newest snapshot, and by the fixes that came after it."""

from collections import Counter
from collections.abc import Collection, Mapping

from core.offset import corrected
from core.positions import Positions, rank
from core.records import Fix, Fixes
from core.snapshot import IncompatibleSnapshot, load_positions
from gateway.reader import NO_OFFSETS, Reader
from gateway.signs import unpack


def last_fix(journal: Reader, tags: Collection[str], offsets: Mapping[str, int] = NO_OFFSETS) -> Fix | None:
    """The newest valid fix of one of these trackers, None if there is none. Raises JournalError.

    offsets  by device, microseconds that its own times lack: the journal keeps these
    """
    if not any(tag.startswith("tracker:") for tag in tags):
        return None
    positions, after = _as_of_snapshot(journal)
    for _, input in journal.rows(Fixes, after):
        body = corrected(input.body, offsets.get(input.source, 0))
        if isinstance(body, Fixes):
            positions.take(body, Counter())
    found = (positions.last[tag] for tag in tags if tag in positions.last)
    return max(found, key=rank, default=None)


def _as_of_snapshot(journal: Reader) -> tuple[Positions, int]:
    """What the newest snapshot knows, and the number of the last fix in it; nothing, if it is of another version."""
    snapshot = journal.snapshot()
    if snapshot is not None:
        try:
            _, state = unpack(snapshot.data)
            return load_positions(state), journal.head_of(snapshot.number).fixes
        except (ValueError, IncompatibleSnapshot):
            pass  # every fix that is still there tells it as well, only not as fast
    return Positions(), 0
