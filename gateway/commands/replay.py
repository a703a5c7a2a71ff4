"""`waypost replay FILE.toml INPUT...`: what would the site have made of these recorded reads?"""

import json as json_text
from pathlib import Path
from typing import Annotated

import typer

from gateway import exits
from gateway.commands.options import AsJson, load
from gateway.commands.output import counted, fail, say


def replay(
    file: Annotated[Path, typer.Argument(help="Configuration file.")],
    inputs: Annotated[list[Path], typer.Argument(help="CSV files of reads; several are merged by time.")],
    json: AsJson = False,
) -> None:
    """Run recorded reads through the pipeline in virtual time; events come out as JSON lines, with or without --json.

    Opens no device and leaves the site's journal untouched. Exit 2 if an input cannot be read.
    """
    from core.records import Dictionary
    from gateway.csv_merge import merged
    from gateway.csv_reads import BadCsv, CsvReads, Tags
    from gateway.replay import Replay
    from gateway.rows import event_json

    tags, readers = Tags(), Dictionary()
    run = Replay(load(file).site, readers)
    files = [CsvReads(path, tags, readers) for path in inputs]
    number = 0
    try:
        for event in run.run(merged(files)):
            print(json_text.dumps(event_json(event), ensure_ascii=False, default=dict))
            number += 1
    except BadCsv as error:
        fail(str(error), exits.UNREADABLE)
    except BrokenPipeError:
        raise
    except OSError as error:
        fail(f"{error.filename}: cannot be read: {error.strerror}", exits.UNREADABLE)
    say(f"{counted(run.reads, 'read')}, {counted(number, 'event')}")
    for one in files:
        for column in one.unknown:
            say(f"{one.path}: column {column} was left out: replay does not know it")
    for reader, reads in run.unknown.items():
        say(
            f"{counted(reads, 'read')} of {reader or 'a reader without a name'} left out: no such device in {file}"
        )
