"""`waypost replay FILE.toml INPUT...`: what would the site have made of these recorded reads and fixes?"""

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway import exits
from gateway.commands.compared import compare
from gateway.commands.options import AsJson, When, load, moment
from gateway.commands.output import counted, fail, say

if TYPE_CHECKING:
    from core.records import Fixes
    from gateway.recorded_files import Recorded
    from gateway.replay import Replay

Inputs = Annotated[
    list[Path] | None,
    typer.Argument(
        help="CSV of reads or of fixes, logs of NMEA receivers, folders of these; merged by time."
    ),
]
OnlyFixes = Annotated[
    bool, typer.Option("--fixes", help="Print the fixes that stand, each once, in the place of the events.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Show what another setting would change instead: portal.dock-1.gap=3, zone.ID.KEY, device.ID.KEY, "
        "site.KEY, tags.KEY; may be given several times.",
    ),
]
FromJournal = Annotated[
    bool, typer.Option("--recorded", help="With --set: what the site's own journal still holds, not INPUTs.")
]


def replay(
    file: Annotated[Path, typer.Argument(help="Configuration file.")],
    inputs: Inputs = None,
    fixes: OnlyFixes = False,
    settings: Settings = None,
    recorded: FromJournal = False,
    since: When = None,
    until: When = None,
    json: AsJson = False,
) -> None:
    """Run recordings through the pipeline in virtual time; events come out as JSON lines, with or without --json.

    With --set, a line for each event that would appear, vanish or flip against the file's own settings. --recorded takes
    what arrived between --since and --until. Opens no device and leaves the site's journal untouched. Exit 2 if an input
    cannot be read, 3 if the journal cannot.
    """
    _check_use(inputs, fixes, settings, recorded, since, until)
    if settings:
        compare(file, inputs or [], settings, (moment("--since", since), moment("--until", until)), json)
    else:
        _run(file, inputs or [], fixes)


def _check_use(
    inputs: list[Path] | None,
    fixes: bool,
    settings: list[str] | None,
    recorded: bool,
    since: str | None,
    until: str | None,
) -> None:
    """What makes no sense together ends the command."""
    if not inputs and not recorded:
        fail(
            "INPUT: nothing to replay; name a recording, or with --set the journal by --recorded",
            exits.UNREADABLE,
        )
    if recorded and (inputs or not settings):
        fail(
            "--recorded: takes no INPUT and needs --set; waypost events tells what was decided",
            exits.UNREADABLE,
        )
    if (since, until) != (None, None) and not recorded:
        fail("--since and --until are of the journal; write --recorded", exits.UNREADABLE)
    if fixes and settings:
        fail("--fixes prints fixes, which no setting changes; leave it or --set out", exits.UNREADABLE)


def _run(file: Path, inputs: list[Path], fixes: bool) -> None:
    from gateway.csv_file import BadCsv
    from gateway.csv_merge import merged, merged_fixes
    from gateway.recorded_files import recorded
    from gateway.replay import Replay
    from gateway.rows import event_json

    site, number = load(file).site, 0
    try:
        given = recorded(inputs)
        run = Replay(site, given.readers, _put if fixes else _ignore)
        for event in run.run(merged(given.reads), merged_fixes(given.fixes)):
            if not fixes:
                print(json_text.dumps(event_json(event), ensure_ascii=False, default=dict))
            number += 1
    except BadCsv as error:
        fail(str(error), exits.UNREADABLE)
    except BrokenPipeError:
        raise
    except OSError as error:
        fail(f"{error.filename}: cannot be read: {error.strerror}", exits.UNREADABLE)
    say(", ".join(_totals(run, given, number)))
    _tell_left_out(given)
    for reader, reads in run.unknown.items():
        say(
            f"{counted(reads, 'read')} of {reader or 'a reader without a name'} left out: no such device in {file}"
        )


def _ignore(batch: "Fixes") -> None:
    """Nobody asked for them."""


def _put(batch: "Fixes") -> None:
    from core.records import rows_of
    from drivers.codecs.fix_lines import line

    for fix in rows_of(batch):
        print(json_text.dumps(line(fix)))


def _totals(run: "Replay", given: "Recorded", events: int) -> list[str]:
    """What was replayed, and what came of it."""
    told = [counted(run.reads, "read")] if given.reads or not given.fixes else []
    if given.fixes:
        counts = run.fixes
        wrong = {"delivered before": "fix_duplicates", "not valid": "fixes_invalid"}
        more = ", ".join(f"{counts[name]} {what}" for what, name in wrong.items() if counts[name])
        one = counts["fixes"] == 1
        told.append(f"{counts['fixes']} {'fix' if one else 'fixes'}" + (f" ({more})" if more else ""))
    return [*told, counted(events, "event")]


def _tell_left_out(given: "Recorded") -> None:
    from gateway.csv_fixes import CsvFixes
    from gateway.fix_block import told
    from gateway.nmea_log import NmeaLog

    for path in given.passed_over:
        say(f"{path}: left out: its name ends like that of no recording; name it by itself if it is one")
    for one in (*given.reads, *given.fixes):
        if isinstance(one, NmeaLog):
            say(f"{one.path}: {one.tracker}, {one.told}")
            continue
        for column in one.unknown:
            say(f"{one.path}: column {column} was left out: replay does not know it")
        for line in told(one.left_out) if isinstance(one, CsvFixes) else ():
            say(f"{one.path}: {line}")
