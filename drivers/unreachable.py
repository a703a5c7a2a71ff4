"""Why no connection to a device comes about, in words that say what to do: what the operating system tells names
neither the device nor a remedy.
"""

import errno
import os
import socket
import ssl

_REMEDIES = {
    errno.ECONNREFUSED: "nothing listens at that port: is it the device's, and the device's service switched on?",
    errno.ECONNRESET: "is it the device's port, and has it no other client?",
    errno.EHOSTUNREACH: "is the device switched on, its cable plugged in, and its address right?",
    errno.ETIMEDOUT: "is the device switched on, its cable plugged in, and its address right?",
    errno.ENETUNREACH: "this machine has no way there: look at its own network (ip address, ip route)",
    errno.EADDRINUSE: "another program listens at that port: sudo ss -ltunp shows which; end it, or take another port",
    errno.EADDRNOTAVAIL: "that is no address of this machine: take one that it has, or 0.0.0.0 for all of them",
    errno.EACCES: "this user may not: take a port from 1024 on",
}
_NO_NAME = "that name is not known: write the device's address, or look at this machine's name server"
_NO_TLS = "does the device speak TLS at that port? tcp:// or http:// is without"
_OTHERWISE = "is it the device's address and port?"


def unreachable(to: object, error: OSError) -> ConnectionError:
    """The same error with the address `to`, the reason and the remedy in its text."""
    if isinstance(error, ssl.SSLError):
        reason, remedy = error.reason or str(error), _NO_TLS
    elif isinstance(error, socket.gaierror):
        reason, remedy = error.strerror or str(error), _NO_NAME
    elif error.errno is None:  # several addresses of one name, or the end of the connection in its handshake
        reason, remedy = str(error) or "the device closed the connection", _OTHERWISE
    else:  # not its own text, in which asyncio says that a call failed and not why
        reason, remedy = os.strerror(error.errno), _REMEDIES.get(error.errno, _OTHERWISE)
    return ConnectionError(f"{to}: {reason}; {remedy}")
