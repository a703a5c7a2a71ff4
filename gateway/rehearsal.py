"""Records that are there already, through the pipeline of a site: files, or what its journal still holds."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.events import EARLIEST, LATEST, Event
from core.pipeline import Pipeline
from core.site import Site
from gateway.csv_merge import merged, merged_fixes
from gateway.reader import open_read_only
from gateway.recorded_files import recorded
from gateway.replay import Replay


@dataclass(slots=True)
class Rehearsed:
    """The events in order of decision, and the inputs or reads of devices that the site does not have."""

    events: list[Event] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)


Rehearsal = Callable[[Site], Rehearsed]


def of_files(inputs: Sequence[Path]) -> Rehearsal:
    """Recordings, as `waypost replay` takes them. What it gives raises BadCsv, OSError."""

    def rehearse(site: Site) -> Rehearsed:
        given = recorded(inputs)
        run = Replay(site, given.readers)
        events = list(run.run(merged(given.reads), merged_fixes(given.fixes)))
        return Rehearsed(events, run.unknown)

    return rehearse


def of_journal(journal: Path, since: int | None, until: int | None) -> Rehearsal:
    """What arrived from `since` to before `until`, microseconds UTC, with all that the devices told of themselves.

    The site begins in it with nothing in sight. What it gives raises JournalError.
    """
    first, end = EARLIEST if since is None else since, LATEST if until is None else until

    def rehearse(site: Site) -> Rehearsed:
        known, pipeline, found = {one.id for one in site.sources}, Pipeline(site), Rehearsed()
        with open_read_only(journal) as past:
            for _, input in past.inputs():
                if not first <= input.arrival < end:
                    continue
                if input.source in known:
                    found.events += pipeline.step(input).events
                else:
                    found.unknown[input.source] += 1
        found.events += pipeline.finish().events
        return found

    return rehearse
