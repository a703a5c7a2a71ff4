"""What is said of a device to which no connection comes about: drivers/unreachable.py."""

import errno
import socket

import pytest

from drivers.unreachable import unreachable


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed"), "Connection refused; nothing listens"),
        (OSError(errno.EHOSTUNREACH, "Connect call failed"), "No route to host; is the device switched on"),
        (OSError(errno.ENETUNREACH, "Connect call failed"), "Network is unreachable; this machine has no way there"),
        (OSError(errno.EADDRNOTAVAIL, "bind"), "Cannot assign requested address; that is no address of this"),
        (OSError(errno.EACCES, "bind"), "Permission denied; this user may not: take a port from 1024 on"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "known; that name is not known: write"),
        (OSError("Multiple exceptions: one, another"), "Multiple exceptions: one, another; is it the device's"),
        (ConnectionResetError(), "the device closed the connection; is it the device's address and port?"),
        (OSError(errno.EPIPE, "lost"), "Broken pipe; is it the device's address and port?"),
    ],
)  # fmt: skip
def test_what_is_said(error: OSError, said: str) -> None:
    told = str(unreachable("tcp://10.0.0.5:5084", error))
    assert told.startswith("tcp://10.0.0.5:5084: ")
    assert said in told
