"""A socket at an address of this machine, where others call or send datagrams."""

import socket

from drivers.streams import Address
from drivers.unreachable import unreachable

UDP = "udp"
"""The scheme of datagrams."""


def bound(to: Address) -> socket.socket:
    """For udp:// one of datagrams, else one for connections, which listens to nobody yet; it is not blocking.

    Raises ConnectionError, whose text names the address, the reason and the remedy.
    """
    family = socket.AF_INET6 if ":" in to.host else socket.AF_INET
    kind = socket.SOCK_DGRAM if to.scheme == UDP else socket.SOCK_STREAM
    made = socket.socket(family, kind)
    try:
        made.setblocking(False)
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((to.host, to.port))
    except OSError as error:
        made.close()
        raise unreachable(to, error) from None
    return made
