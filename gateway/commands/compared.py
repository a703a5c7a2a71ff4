"""`waypost replay --set KEY=VALUE`: which events of a recording would be others with other settings?"""

from pathlib import Path

from gateway import exits
from gateway.commands.events import line
from gateway.commands.options import load
from gateway.commands.output import counted, fail, put, say, show
from gateway.database import JournalError
from gateway.local_time import LocalTime


def compare(
    file: Path, inputs: list[Path], settings: list[str], span: tuple[int | None, int | None], json: bool
) -> None:
    """Of recordings, or without any of what arrived within `span` at the site's own journal; a line for each."""
    from gateway.csv_file import BadCsv
    from gateway.rehearsal import of_files, of_journal
    from gateway.rows import event_json
    from gateway.what_if import compared

    own, other = load(file), load(file, settings)
    at = LocalTime(own.settings.site.timezone)
    rehearse = of_files(inputs) if inputs else of_journal(own.journal, *span)
    try:
        before, after = rehearse(own.site), rehearse(other.site)
    except BadCsv as error:
        fail(str(error), exits.UNREADABLE)
    except JournalError as error:
        fail(str(error), exits.UNAVAILABLE)
    except OSError as error:
        fail(f"{error.filename}: cannot be read: {error.strerror}", exits.UNREADABLE)
    found = compared(before.events, after.events)
    for one in found.differences:
        if json:
            sides = {"before": one.before, "after": one.after}
            put({"change": one.change} | {name: event and event_json(event) for name, event in sides.items()})
        else:
            was = "" if one.change != "flips" or one.before is None else f"  (was: {line(one.before, at)})"
            show(f"{one.change}  {line(one.event, at)}{was}")
    redated = f" ({found.redated} of them with another time)" if found.redated else ""
    say(f"{counted(len(found.differences), 'difference')}, {counted(found.same, 'event')} as before{redated}")
    for device, left_out in before.unknown.items():
        say(f"{device}: {counted(left_out, 'record')} left out: no such device in {file}")
