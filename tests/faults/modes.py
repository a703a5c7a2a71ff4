"""A journal's life under one kind of fault each, in a process of its own: `python -m tests.faults.modes MODE DIRECTORY`."""

import errno
import itertools
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from core.records import Reads
from gateway.database import JournalError, JournalFull, JournalUnusable
from gateway.journal import Journal
from gateway.quarantine import quarantined, salvage
from gateway.reader import open_read_only
from gateway.retention import Limits
from tests.faults import scenario
from tests.faults.crash import Entry, entries
from tests.faults.shim import Shim

NOBODY = 65534
LIMITS = Limits(reads_max_bytes=150_000)
"""Some twenty commits of the endless life."""


def fresh(directory: Path) -> Path:
    """The path of a journal that is not there yet."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory / "waypost.db"


def errors(directory: Path) -> None:
    """A fault at every call that writes, synchronises, truncates, unlinks or renames, in several manners."""
    shim = Shim()
    runs = 0
    manners = ((1, errno.EIO, 1, False), (4, errno.EIO, 4, True), (4, errno.ENOSPC, 2, True))
    for step, error, count, half in manners:
        for call in itertools.count(step - 1, step):
            path = fresh(directory)
            shim.watch(path)
            shim.arm(call, count, error, half)
            acknowledged: list[int] = []
            scenario.live(path, acknowledged.append)
            calls = shim.calls
            shim.arm(-1)
            assert scenario.check(path, acknowledged[-1]) == scenario.COMMITS + 1
            assert not quarantined(path), f"call {call}: a disk that fails to write has not damaged anything"
            runs += 1
            if call >= calls:
                break
    print(runs)


def unreadable(directory: Path) -> None:
    """A read that fails once costs nothing; of a file that is put aside everything is still there."""
    shim = Shim()
    image = fresh(directory / "image")
    scenario.live(image, lambda k: _copy(image, directory / "crashed") if k == scenario.COMMITS + 1 else None)
    for call, count in ((call, count) for call in range(0, 1000, 4) for count in (1, 40)):
        path = fresh(directory / "journal")
        _copy(directory / "crashed", path)
        shim.watch(path)
        shim.arm_reads(call, count)
        journal = scenario.open_insistently(path)
        ended = shim.reads <= call
        shim.arm_reads(-1)
        replaced = journal.opening.state == "replaced"
        journal.close()
        assert count > 1 or not replaced, f"read {call}: one failure is no damage"
        left = [past for place in (path, *quarantined(path)) if (past := salvage(place)) is not None]
        assert scenario.COMMITS + 1 in [scenario.content(past) for past in left]
        for past in left:
            past.close()
        if ended:
            break
    print(call)


def _copy(source: Path, target: Path) -> None:
    """The file and its log, as a crash would leave them."""
    for part in ("", "-wal"):
        shutil.copy(f"{source}{part}", f"{target}{part}")


def log(directory: Path, logs: Path, count: int) -> None:
    """Logs for crash images: of a life without a fault, and of lives in which `count` calls fail from some fsync on."""
    shim = Shim()
    sound = _logged(shim, directory, logs / "sound.log", -1, count)
    calls = [entry.op for entry in sound if entry.op in "WTSUR"]
    syncs = [call for call, op in enumerate(calls) if op == "S"]
    for first in syncs[count % 2 :: 2]:
        _logged(shim, directory, logs / f"{first}.log", first, count)


def _logged(shim: Shim, directory: Path, log: Path, first: int, count: int) -> list[Entry]:
    path = fresh(directory)
    shim.watch(path, log)
    shim.arm(first, count)
    scenario.live(path, lambda k: shim.mark(str(k)))
    return list(entries(log.read_bytes()))


def kill(directory: Path) -> None:
    """Twenty-five times: a process commits without end and is killed; the next one finds all that it was told."""
    path = fresh(directory)
    chance = random.Random(25)
    known = 0
    for _ in range(25):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            _commit_for_ever(path, writing)
        os.close(writing)
        wanted = known + chance.randrange(1, 30)
        with os.fdopen(reading, "r") as told:
            for line in told:
                known = int(line)
                if known >= wanted:
                    break
            for _ in range(chance.randrange(20_000)):  # the moment is to be any
                pass
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            known = max([known, *(int(line) for line in told if line.endswith("\n"))])
        dropped = _check_endless(path, known)
    assert dropped, "the limit was to be reached"
    print(known)


def _commit_for_ever(path: Path, told: int) -> None:
    journal = Journal.open(path, scenario.SITE, LIMITS)
    for k in itertools.count(journal.past.head().number + 1):
        journal.commit(scenario.inputs(k), scenario.events(k), scenario.gaps(k), scenario.snapshot(k))
        os.write(told, f"{k}\n".encode())
        journal.tend()


def _check_endless(path: Path, known: int) -> int:
    journal = Journal.open(path, scenario.SITE)
    assert journal.opening.state == "continued"
    commits = journal.past.head().number
    assert commits >= known
    assert [event.id for _, event in journal.past.events()] == scenario.expected_events(commits)
    dropped = max((drop.last for drop in journal.past.ledger()), default=0)
    rows = sum(len(one.body) for _, one in journal.inputs() if isinstance(one.body, Reads))
    assert dropped + rows == journal.past.head().reads
    journal.close()
    return dropped


def full(directory: Path) -> None:
    """No file may grow past a size: what was acknowledged stays, and with more room it goes on."""
    path = fresh(directory)
    journal = Journal.open(path, scenario.SITE)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
    acknowledged = _commit_until_full(journal)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    journal.reopen()
    _commits_again(journal, path, acknowledged)


def full_disk(directory: Path) -> None:
    """Files cannot grow: JournalFull says so, also to a daemon that starts on the full disk."""
    path = fresh(directory)
    shim = Shim()
    shim.watch(path)
    journal = Journal.open(path, scenario.SITE)
    for k in (1, 2, 3):
        journal.commit(scenario.inputs(k), scenario.events(k))
    shim.full(True)
    acknowledged = _commit_until_full(journal, 4)
    left = fresh(directory / "left")
    _copy(path, left)  # with a log that has no room in the file
    shim.full(False)
    _commits_again(journal, path, acknowledged)
    shim.watch(left)
    shim.full(True)
    started = Journal.open(left, scenario.SITE)
    try:
        for _ in range(100):
            started.commit(scenario.inputs(0))
    except JournalFull as error:
        print(error)
    shim.full(False)
    started.reopen()
    assert started.past.head().number >= acknowledged
    started.close()


def _commit_until_full(journal: Journal, k: int = 1) -> int:
    attempts = 0
    while attempts < 5:
        try:
            journal.commit(scenario.inputs(k), scenario.events(k))
            attempts, k = 0, k + 1
        except JournalError:
            attempts += 1
            with suppress(JournalError):
                journal.reopen()
    return k - 1


def _commits_again(journal: Journal, path: Path, acknowledged: int) -> None:
    k = acknowledged + 1
    assert journal.past.head().number == acknowledged
    journal.commit(scenario.inputs(k), scenario.events(k))
    assert [event.id for _, event in journal.past.events()] == scenario.expected_events(k)
    assert not quarantined(path)
    journal.close()
    print(acknowledged)


def read_only(directory: Path) -> None:
    """A file system, a file and a directory that may not be written, and a directory that may not be entered."""
    directory = Path(tempfile.mkdtemp())  # for the user that is nobody, who may not enter pytest's
    try:
        _expect_read_only(directory)
    finally:
        shutil.rmtree(directory)


def _expect_read_only(directory: Path) -> None:
    path = directory / "waypost.db"
    shim = Shim()
    shim.watch(path)
    Journal.open(path, scenario.SITE).close()
    shim.read_only(True)
    _expect_unusable(path)
    shim.read_only(False)
    sys.stdout.flush()
    for file in (path, directory):
        os.chown(file, NOBODY if not os.getuid() else -1, -1)
    directory.chmod(0o755)
    child = os.fork()
    if not child:
        if not os.getuid():
            os.setuid(NOBODY)
        for mode, place in ((0o444, path), (0o555, directory), (0o000, directory)):
            place.chmod(mode)
            _expect_unusable(path)
            if mode:
                open_read_only(path).close()
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    directory.chmod(0o755)


def _expect_unusable(path: Path) -> None:
    try:
        Journal.open(path, scenario.SITE)
    except JournalUnusable as error:
        print(error)
    else:
        raise AssertionError(f"{path} was opened")


def main(mode: str, directory: Path, *arguments: str) -> None:
    """One of the modes above."""
    modes = {
        "errors": errors,
        "unreadable": unreadable,
        "kill": kill,
        "full": full,
        "full_disk": full_disk,
        "read_only": read_only,
    }
    if mode == "log":
        log(directory, Path(arguments[0]), int(arguments[1]))
    else:
        modes[mode](directory)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
