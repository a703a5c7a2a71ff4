"""Journals with the known content of tests/faults/scenario.py."""

from pathlib import Path

from gateway.journal import Journal
from gateway.wal import log_of
from tests.faults.scenario import COMMITS, SITE, events, gaps, inputs, snapshot


def fill(journal: Journal, commits: int = COMMITS, first: int = 1) -> None:
    """The commits from `first` to `commits`, with all that belongs to them."""
    for k in range(first, commits + 1):
        journal.commit(inputs(k), events(k), gaps(k), snapshot(k))


def made(path: Path) -> Path:
    """A journal with the known content, closed."""
    journal = Journal.open(path, SITE)
    fill(journal)
    journal.close()
    return path


def cut_off(path: Path, copy: Path) -> Path:
    """The same as a crash leaves it, most of it in the log."""
    journal = Journal.open(path, SITE)
    fill(journal)
    copy.write_bytes(path.read_bytes())
    log_of(copy).write_bytes(log_of(path).read_bytes())
    journal.close()
    return copy
