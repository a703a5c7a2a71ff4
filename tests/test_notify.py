"""systemd is told over its socket, by path or in the abstract name space, or not at all."""

import socket
from pathlib import Path

import pytest

from gateway.notify import Notifier


@pytest.mark.parametrize("abstract", [False, True])
def test_each_message(abstract: bool, tmp_path: Path) -> None:
    address = f"@waypost-test-{tmp_path.name}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + address[1:] if abstract else address)
        notifier = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "60000000"})
        assert notifier.watchdog_seconds == 60
        notifier.ready()
        notifier.watchdog()
        notifier.status("one\ntwo")
        notifier.stopping()
        notifier.close()
        notifier.ready()
        assert [systemd.recv(100) for _ in range(4)] == [
            b"READY=1",
            b"WATCHDOG=1",
            b"STATUS=one two",
            b"STOPPING=1",
        ]


def test_nobody_listens(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    Notifier({}).ready()
    assert Notifier({"WATCHDOG_USEC": "x"}).watchdog_seconds is None
    gone = Notifier({"NOTIFY_SOCKET": str(tmp_path / "none")})
    gone.ready()
    gone.close()
    assert "could not be told READY" in caplog.text
