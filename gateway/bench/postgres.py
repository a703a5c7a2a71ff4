"""A PostgreSQL of the benchmark's own, with its data on the disk that is measured and the settings of a new server."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from gateway.bench.live import PATIENCE, Failed
from gateway.bench.machine import free_port

_DEBIAN = Path("/usr/lib/postgresql")


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """The connection string of an empty database; Failed where PostgreSQL is not installed."""
    programs, account = _programs(), _account()
    with TemporaryDirectory(dir=folder, prefix=".bench-") as made:
        home = Path(made)
        if account is not None:
            os.chown(home, account.pw_uid, account.pw_gid)
        _run(
            [str(programs / "initdb"), "--pgdata=data", "--username=postgres", "--auth=trust"], home, account
        ).wait()
        port = free_port()
        options = [
            "-D",
            "data",
            "-c",
            "listen_addresses=127.0.0.1",
            "-p",
            str(port),
            "-k",
            str(home.resolve()),
        ]
        process = _run([str(programs / "postgres"), *options], home, account)
        dsn = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
        try:
            _until_it_answers(dsn, process, home)
            yield dsn
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)


def _programs() -> Path:
    """Debian's newest, else those in the path."""
    found = sorted(_DEBIAN.glob("*/bin/postgres"), key=lambda one: float(one.parts[-3]))
    path = str(found[-1]) if found else shutil.which("postgres")
    if path is None:
        raise Failed(
            "PostgreSQL is not installed: sudo apt-get install postgresql, or name an empty database with --dsn env:NAME"
        )
    return Path(path).parent


def _account() -> pwd.struct_passwd | None:
    """The server refuses root."""
    return pwd.getpwnam("postgres") if os.geteuid() == 0 else None


def _run(command: Sequence[str], home: Path, account: pwd.struct_passwd | None) -> "subprocess.Popen[bytes]":
    with (home / "log").open("ab") as log:
        return subprocess.Popen(
            command,
            cwd=home,
            stdout=log,
            stderr=log,
            user=None if account is None else account.pw_uid,
            group=None if account is None else account.pw_gid,
            extra_groups=None if account is None else [],
        )


def _until_it_answers(dsn: str, process: "subprocess.Popen[bytes]", home: Path) -> None:
    ends = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < ends:
        try:
            psycopg.connect(dsn, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    lines = (home / "log").read_text().splitlines() or ["it says nothing"]
    raise Failed(f"PostgreSQL does not start in {home}: {lines[-1]}")
