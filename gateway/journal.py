"""The journal: one SQLite file that holds what came in and what was decided, and the only queue on disk.

A commit is one transaction and durable when it returns. When it fails nothing of it may be acknowledged: `reopen`
finds out what the disk has, and the same commit can be made again, which writes nothing if it was there after all.
One process writes, one thread at a time; others may read meanwhile (`gateway.reader`).
"""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

from core.events import Event, Gap
from core.records import Input, Shift
from gateway import database, redating, wal
from gateway.counters import Counters, Counts
from gateway.database import CommitsLost, JournalDamaged, JournalError, JournalFailed, JournalUnreadable
from gateway.heads import Head
from gateway.lock import Lock
from gateway.notes import Notebook
from gateway.opening import File, open_file
from gateway.quarantine import quarantined, set_aside, tidy
from gateway.reader import Reader
from gateway.retention import DEFAULT, Drop, Limits, Retention
from gateway.rows import RowDamaged
from gateway.tag_codes import TagCodes
from gateway.transaction import Transaction, prepare

LOG = 1 << 20
"""Bytes of write-ahead log after which `tend` moves it into the file; `commit` does it at four times as many."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How the journal was found.

    state        new: nothing was committed yet; continued; replaced: it was damaged, and a new one, with a new
                 epoch, has taken its place, and nothing was committed to that one yet
    quarantined  where the damaged one is now, and the reason (`gateway.quarantine` lists and reads them all)
    committed    after `reopen`: the commit that had failed is on the disk
    """

    state: Literal["new", "continued", "replaced"]
    quarantined: Path | None = None
    reason: str = ""
    committed: bool = False


class Journal:
    """The journal of a site, open for writing; see `open`.

    opening   how it was found
    epoch     UUID, new with each new or replaced file, or by `notebook.renew`
    head      of the last commit
    notebook  values to keep and the cursors of sinks: written with the next commit

    After a JournalError every method but `reopen` and `close` raises it again.
    """

    def __init__(self, path: Path, site: str, limits: Limits, lock: Lock) -> None:
        self.path = path
        self.site = site
        self.opening = Opening("new")
        self.epoch = ""
        self.notebook = Notebook()
        self._lock = lock
        self._limits = limits
        self._retention = Retention(limits)
        self._codes = TagCodes()
        self._counters = Counters()
        self._file: File | None = None
        self._failure: JournalError | None = None
        self._head = Head()
        self._began: Head | None = None
        self._suspect = False
        self._tried: Transaction | None = None
        self._landed: Transaction | None = None
        self._replaced: Opening | None = None
        self._logged = 0

    @classmethod
    def open(cls, path: Path, site: str, limits: Limits = DEFAULT) -> Self:
        """Open or make the journal at `path`. One that is damaged is put aside and replaced: see `opening`.

        Raises JournalUnusable where an operator must change something, JournalFull and JournalFailed.
        """
        database.check_place(path)
        lock = Lock(path)
        journal = cls(path, site, limits, lock)
        try:
            journal.opening = journal._open()
        except BaseException:
            lock.release()
            raise
        return journal

    def _open(self) -> Opening:
        with database.explained(self.path):
            tidy(self.path)
        try:
            file = self._read_twice()
        except (JournalDamaged, JournalUnreadable) as damage:
            self._put_aside(damage)
            file = open_file(self.path, self.site)
        self._take(file)
        replaced, self._replaced = self._replaced, None
        if self._head.number:
            return replaced or Opening("continued")
        if replaced is None and (older := quarantined(self.path)):
            replaced = Opening("replaced", older[-1], "it was put aside, and nothing was written since")
        return replaced or Opening("new")

    def _read_twice(self) -> File:
        """A disk that cannot be read once may have had a bad moment; it can look like damage, too."""
        try:
            return open_file(self.path, self.site)
        except CommitsLost:
            raise
        except (JournalDamaged, JournalUnreadable):
            return open_file(self.path, self.site)

    def _put_aside(self, damage: JournalError) -> None:
        with database.explained(self.path):
            place = set_aside(self.path)
        if place is not None:
            self._replaced = Opening("replaced", place, str(damage))
            self.notebook.replaced(self.epoch)
        self._failure = JournalFailed(f"journal {self.path} is being replaced: {damage}")
        self._head = Head()
        self._began = None
        self._tried = None

    def _take(self, file: File) -> None:
        self._file = file
        self._failure = None
        self._head = file.head
        self._began = self._began or file.head
        self._codes = file.codes
        self.notebook.load(file.cursors)
        self._retention = Retention(self._limits)
        self._logged = 0
        self.epoch = file.past.epoch

    def reopen(self) -> Opening:
        """Close, open, and look what the disk has of the commit that failed.

        Whether it is there or not, the same commit can be made again. If that commit says a second time that the
        journal is damaged, it is replaced: the next commit has to bring a snapshot then. Raises as `open` does; it can be called again after that.
        """
        damage, before = self._failure, self._head.number
        self._shut()
        if isinstance(damage, JournalDamaged) and self._suspect:
            self._put_aside(damage)
        self._suspect = isinstance(damage, JournalDamaged)
        tried = self._tried
        opening = self._open()
        if opening.state != "replaced" and self._head.number < before:
            self._shut()
            self._put_aside(CommitsLost(f"journal {self.path} is damaged: commit {before} is gone"))
            opening = self._open()
        committed = opening.state != "replaced" and self._head.number > before
        self._landed = tried if committed else None
        self._tried = None
        self.opening = replace(opening, committed=committed)
        return self.opening

    def _shut(self) -> None:
        self._failure = self._failure or JournalFailed(f"journal {self.path} is closed; reopen it")
        if self._file is not None:
            self._file.close()
        self._file = None

    def close(self) -> None:
        """Write what still waits for a commit, and let go of the file. Raises JournalError, having let go."""
        try:
            if self._failure is None and self.notebook and self._head.number:
                self.commit(())
        finally:
            self._shut()
            self._lock.release()

    def commit(
        self,
        inputs: Sequence[Input],
        events: Sequence[Event] = (),
        gaps: Sequence[Gap] = (),
        snapshot: bytes | None = None,
    ) -> Head:
        """Make all of it durable, or nothing; returns the last sequence numbers.

        inputs    a `Shift` only as the first: what was committed before was dated before
        snapshot  the state after these inputs; the newest two are kept

        Raises ValueError or IndexError for what cannot be written, and the journal goes on. Raises JournalFull,
        JournalFailed, JournalDamaged or JournalUnusable when it is not known to be durable: `reopen`.
        """
        return self._commit(inputs, events, gaps, snapshot, None)

    def set_aside(self, input: Input, error: str) -> Head:
        """Keep an input on which the pipeline fails, with its bytes; raises as `commit` does."""
        return self._commit((), (), (), None, (input, error))

    def _commit(
        self,
        inputs: Sequence[Input],
        events: Sequence[Event],
        gaps: Sequence[Gap],
        snapshot: bytes | None,
        poison: tuple[Input, str] | None,
    ) -> Head:
        self._open_file()
        began = time.perf_counter()
        landed, self._landed = self._landed, None
        if landed is not None:
            again = prepare(self._head, self._codes, inputs, events, gaps, snapshot, poison)
            if landed.content == again.content:
                return self._head
        if inputs and isinstance(step := inputs[0].body, Shift):
            self.notebook.put(redating.KEY, self._noted(step.by))
        codes = self._codes.next() if self._codes.full else self._codes
        notes = self.notebook.notes()
        transaction = prepare(self._head, codes, inputs, events, gaps, snapshot, poison, notes)
        drops = self._run(transaction)
        self._settle(transaction)
        self._counters.committed(time.perf_counter() - began, len(transaction.body), drops)
        if self._logged >= 4 * LOG:
            self._checkpoint()
        return self._head

    def _noted(self, by: int) -> str:
        """What was committed since the daemon's start was dated by a clock that was `by` microseconds behind."""
        return redating.note(self.get(redating.KEY), self._began or self._head, self._head, by)

    def _run(self, transaction: Transaction) -> list[Drop]:
        db = self._open_file().db
        try:
            db.execute("BEGIN IMMEDIATE")
            transaction.write(db)
            drops = self._retention.trim(db, transaction.head, transaction.weight)
            if transaction.poison is not None:
                drops += self._retention.trim_poison(db, transaction.head)
            if transaction.notes.refusals:
                drops += self._retention.trim_refusals(db, transaction.head)
            db.execute("COMMIT")
        except sqlite3.Error as error:
            if database.is_refusal(error):
                db.execute("ROLLBACK")
                raise ValueError(f"this cannot be written to the journal: {error}") from error
            raise self._failed(database.explain(error, self.path), transaction) from error
        except RowDamaged as error:
            damage = JournalDamaged(f"journal {self.path} is damaged: {error}")
            raise self._failed(damage, transaction) from error
        except BaseException:
            db.execute("ROLLBACK")
            raise
        return drops

    def _failed(self, failure: JournalError, transaction: Transaction) -> JournalError:
        self._failure = failure
        self._tried = transaction
        self._counters.failed(failure)
        return failure

    def _settle(self, transaction: Transaction) -> None:
        """It is durable: go on from there."""
        self._suspect = False
        transaction.codes.saved()
        self._codes = transaction.codes
        self._head = transaction.head
        self._logged += transaction.weight
        self.notebook.written(transaction.notes)
        self.epoch = transaction.notes.values.get("epoch", self.epoch)

    @property
    def overgrown(self) -> bool:
        """Has `tend` something to do? For any thread, while the journal's own is at rest."""
        return self._logged >= LOG

    def tend(self) -> None:
        """Move the write-ahead log into the file, if it has grown enough; for the time after receipts were released.

        An error is counted and tried again later: until then the log keeps everything.
        """
        if self.overgrown:
            self._checkpoint()

    def _checkpoint(self) -> None:
        db = self._open_file().db
        self._logged = 0
        try:
            with database.explained(self.path):
                _, frames, moved = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except JournalError as error:
            self._counters.checkpoint_failed(error)
            return
        self._counters.checkpoints += 1
        if moved < frames:  # a reader is in the way
            self._logged = LOG // 2

    def _open_file(self) -> File:
        if self._file is None or self._failure is not None:
            raise self._failure or JournalFailed(f"journal {self.path} is closed")
        return self._file

    def snapshot(self) -> tuple[int, bytes] | None:
        """The newest sound snapshot and the input after which it was taken; None when there is none."""
        found = self._open_file().past.snapshot()
        return None if found is None else (found.inputs, found.data)

    def inputs(self, after: int = 0) -> Iterator[tuple[int, Input]]:
        """Sequence numbers and inputs behind `after`, in order; damaged ones are stepped over and counted."""
        return self._open_file().past.inputs(after)

    @property
    def past(self) -> Reader:
        """Everything else that the journal holds, for the thread that commits."""
        return self._open_file().past

    def get(self, key: str) -> str | None:
        """What was put under `key` in the notebook."""
        return self.notebook.get(key) or self.past.get(key)

    @property
    def head(self) -> Head:
        """How far it has come."""
        return self._head

    def size(self) -> int:
        """Bytes of the file and its write-ahead log."""
        files = (self.path, wal.log_of(self.path))
        return sum(file.stat().st_size for file in files if file.exists())

    def counts(self) -> Counts:
        """What it has done since it was opened."""
        lost = self._file.past.lost if self._file is not None else 0
        return self._counters.counts(self.size(), lost)
