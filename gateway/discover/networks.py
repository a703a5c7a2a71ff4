"""The networks that this machine is attached to, and which of their addresses are worth a knock."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path

from gateway.discover.kernel import told

ROUTES, INTERFACES = Path("/proc/net/route"), Path("/sys/class/net")

LONGEST_PREFIX = 22
"""A network of this size (1,022 addresses) is looked through without being asked to; larger ones are named."""

MOST_ADDRESSES = 1 << 16
"""What an operator may name at once."""

_UP, _ETHERNET = 1, "1"

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Attached:
    """A network behind an interface."""

    interface: str
    network: IPv4Network


def attached(routes: Path = ROUTES, interfaces: Path = INTERFACES) -> list[Attached]:
    """Networks without a gateway before them, on Ethernet and WLAN; no tunnels, no modems, nothing that is down.

    Raises OSError if the kernel does not tell its routes.
    """
    found = []
    for line in routes.read_text().splitlines()[1:]:
        interface, target, gateway, flags, _, _, _, mask = line.split()[:8]
        if int(gateway, 16) or not int(flags, 16) & _UP or not int(mask, 16):
            continue
        if (
            told(interfaces / interface / "type") != _ETHERNET
            or told(interfaces / interface / "operstate") == "down"
        ):
            continue
        network = IPv4Network((_address(target), str(_address(mask))))
        if network.num_addresses > 2 and Attached(interface, network) not in found:
            found.append(Attached(interface, network))
    return found


def named(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """What an operator names, as 10.0.0.0/24. Raises ValueError, whose text says what is wrong."""
    found = []
    for text in texts:
        try:
            found.append(ip_network(text, strict=False))
        except ValueError:
            raise ValueError(f"{text} is no network; write it as 10.0.0.0/24, or one address") from None
    size = sum(network.num_addresses for network in found)
    if size > MOST_ADDRESSES:
        raise ValueError(
            f"{size} addresses are more than {MOST_ADDRESSES}; name smaller networks, one after the other"
        )
    return tuple(found)


def addresses(networks: tuple[Network, ...]) -> Iterator[str]:
    """Each once."""
    seen: set[Address] = set()
    for network in networks:
        for one in network.hosts():
            if one not in seen:
                seen.add(one)
                yield str(one)


def is_own(address: str) -> bool:
    """This machine has the address. Nothing is sent: the kernel tells from where it would be."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except OSError:
            return False
        own: str = probe.getsockname()[0]
        return own == address


def _address(hexadecimal: str) -> IPv4Address:
    """As /proc/net/route writes it: in the order of the machine, which is the little end first on all we run on."""
    return IPv4Address(bytes.fromhex(hexadecimal)[::-1])
