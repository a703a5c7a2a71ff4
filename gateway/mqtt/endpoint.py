"""Where the broker is, and a connected socket to it, with TLS if the URL says so."""

import asyncio
import hashlib
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from drivers.secret import reveal
from gateway.mqtt.reasons import Reasons
from gateway.mqtt.table import BrokerTable, parts

CONNECT_SECONDS = 10.0
"""For the TCP connection and then for each step of the TLS handshake."""
_MACHINE = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a connection needs to know of the settings.

    folder  of the configuration file, from which relative paths count
    root    what all our topics begin with; empty if we tell nothing
    table   where an operator finds the settings; name tells our connections on one broker apart
    """

    settings: BrokerTable
    site: str
    folder: Path
    root: str
    table: str = "[mqtt]"
    name: str = ""

    @property
    def client_id(self) -> str:
        """Unique per site, gateway and connection, the same after a restart."""
        return self.settings.client_id or "-".join(filter(None, ("waypost", self.site, machine(), self.name)))

    @property
    def reasons(self) -> Reasons:
        """The errors of this broker."""
        return Reasons(self.settings.url, self.settings.username, self.client_id, self.root, self.table)

    def password(self) -> str | None:
        """Raises Refused if the secret is not there."""
        name = self.settings.password
        try:
            return None if name is None else reveal(name)
        except LookupError as error:
            raise self.reasons.refused(f"the password of {self.table} is not there: {error}") from None

    async def dialled(self) -> socket.socket:
        """A connected socket. Raises Lost and Refused."""
        dialling = asyncio.get_running_loop().run_in_executor(None, self.dial)
        try:
            return await asyncio.shield(dialling)
        except asyncio.CancelledError:
            dialling.add_done_callback(_hang_up)
            raise

    def dial(self) -> socket.socket:
        """A connected socket; blocks. Raises Lost and Refused."""
        context = self._context()
        _, host, port = parts(self.settings.url)
        try:
            plain = socket.create_connection((host, port), CONNECT_SECONDS)
        except OSError as error:
            remedy = "is the broker running, and is that its address and port?"
            raise self.reasons.lost(f"cannot be reached: {error.strerror or error}; {remedy}") from None
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return plain if context is None else self._encrypted(plain, context, host)
        except BaseException:
            plain.close()
            raise

    def _encrypted(self, plain: socket.socket, context: ssl.SSLContext, host: str) -> socket.socket:
        sock = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        try:
            sock.do_handshake()
        except ssl.SSLCertVerificationError as error:
            sock.close()
            raise self.reasons.refused(
                f"its certificate is not to be trusted: {error.verify_message}; correct url, or set ca in "
                f"{self.table} to the authority that signed it"
            ) from None
        except OSError as error:
            sock.close()
            raise self.reasons.broken(str(error)) from None
        return sock

    def _context(self) -> ssl.SSLContext | None:
        table = self.settings
        if not table.is_tls:
            return None
        context = ssl.create_default_context()
        try:
            if table.ca is not None:
                context = ssl.create_default_context(cafile=self.folder / table.ca)
        except (OSError, ssl.SSLError) as error:
            raise self.reasons.refused(f"ca = {str(table.ca)!r} of {self.table} {_unusable(error)}") from None
        try:
            if table.cert is not None:
                key = None if table.key is None else self.folder / table.key
                context.load_cert_chain(self.folder / table.cert, key, password=_no_passphrase)
        except (OSError, ssl.SSLError, ValueError) as error:
            raise self.reasons.refused(
                f"cert and key of {self.table}: {table.cert} {_unusable(error)}"
            ) from None
        return context


def machine() -> str:
    """Eight hex digits of this machine, from machine-id(5), which is not to be shown itself; else from its name."""
    for path in _MACHINE:
        try:
            text = path.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
        if text:
            return hashlib.sha256(f"waypost {text}".encode()).hexdigest()[:8]
    return hashlib.sha256(f"waypost {socket.gethostname()}".encode()).hexdigest()[:8]


def _hang_up(dialling: "asyncio.Future[socket.socket]") -> None:
    """Nobody waits for it any more."""
    if not dialling.cancelled() and dialling.exception() is None:
        dialling.result().close()


def _no_passphrase() -> str:
    raise ValueError("has a passphrase, and nobody is there to type it: remove it with openssl pkey")


def _unusable(error: Exception) -> str:
    """OpenSSL tells of a missing file as the system does, and of a wrong one in its own way."""
    if isinstance(error, ssl.SSLError):
        return f"is no usable PEM file ({error.reason or error})"
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return str(error)
