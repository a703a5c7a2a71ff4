"""LLRP readers in the networks that this machine is attached to, or in those that an operator names.

Nothing but a TCP connection to LLRP's ports is tried, to a bounded number of addresses at a time; who accepts one is
visited (visit.py). The devices of the configuration are left alone, and so are this machine's own addresses, where a
daemon may be waiting for a reader's call.
"""

import asyncio
import hashlib
import ssl
from collections.abc import Callable, Iterator

from gateway.discover.finding import Finding, Report, Value
from gateway.discover.known import Known
from gateway.discover.networks import LONGEST_PREFIX, Attached, Network, addresses, attached, is_own
from gateway.discover.visit import finding, greet

PORTS = (5084, 5085)
TLS_PORTS = frozenset({5085})

AT_ONCE = 128
"""Addresses; twice as many sockets, and as many entries in the kernel's table of neighbours."""

CONNECT_SECONDS = 0.8
"""In a network nearby a host answers within milliseconds, or it is not there."""

TLS_SECONDS = 5.0


class NetworkFinder:
    """networks: what an operator names instead of the attached ones, which `nearby` tells

    tls_ports: those of `ports` that speak TLS
    """

    name = "network"

    def __init__(
        self,
        known: Known,
        networks: tuple[Network, ...] = (),
        ports: tuple[int, ...] = PORTS,
        tls_ports: frozenset[int] = TLS_PORTS,
        nearby: Callable[[], list[Attached]] = attached,
    ) -> None:
        self._known = known
        self._networks = networks
        self._ports = ports
        self._tls_ports = tls_ports
        self._nearby = nearby

    async def find(self, report: Report, until: float) -> None:
        """A knock at each port of each address."""
        networks = self._networks or self._attached(report)
        if not networks:
            report.say(self.name, "no network to look through; name one with --network")
            return
        told = ", ".join(map(str, networks))
        report.say(self.name, f"{told}, ports {', '.join(map(str, self._ports))}")
        hosts = addresses(networks)
        if not self._networks:
            hosts = (one for one in hosts if not is_own(one))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(AT_ONCE):
                tasks.create_task(self._work(hosts, report, until))
        left = sum(1 for _ in hosts)
        if left:
            report.say(self.name, f"the time was over before {left} addresses; give it more --seconds")

    def _attached(self, report: Report) -> tuple[Network, ...]:
        small = []
        for one in self._nearby():
            if one.network.prefixlen >= LONGEST_PREFIX:
                small.append(one.network)
            else:
                size = one.network.num_addresses
                report.say(
                    self.name,
                    f"{one.network} at {one.interface} has {size} addresses; name the part of it with --network",
                )
        return tuple(small)

    async def _work(self, hosts: Iterator[str], report: Report, until: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            host = next(hosts, None)
            if host is None:
                return
            for found in await asyncio.gather(*(self._knock(host, port) for port in self._ports)):
                if found is not None:
                    report.found(found)

    async def _knock(self, host: str, port: int) -> Finding | None:
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        id = self._known.address(host, port)
        if id is not None:
            return Finding(self.name, where, kind="llrp", model="not asked", known=id)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(host, port)
        except OSError:  # a TimeoutError is one; nobody is there, or not with LLRP
            return None
        settings: dict[str, Value] = {"url": f"tcp://{where}"}
        if port in self._tls_ports:
            try:
                settings = {"url": f"tls://{where}", "tls": {"fingerprint": await _encrypted(writer)}}
            except OSError as error:
                writer.transport.abort()
                reason = error.strerror or "no answer to its greeting"
                return Finding(self.name, where, "unknown", remarks=(f"no TLS there: {reason}",))
        return finding(self.name, where, host, await greet(reader, writer), settings)


async def _encrypted(writer: asyncio.StreamWriter) -> str:
    """The SHA-256 fingerprint of who is there. Raises OSError."""
    async with asyncio.timeout(TLS_SECONDS):
        await writer.start_tls(_anybody())
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return hashlib.sha256(certificate).hexdigest()


def _anybody() -> ssl.SSLContext:
    """Readers sign their own certificates: it is shown to the operator, who decides."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
