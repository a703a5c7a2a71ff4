"""A real web server for webhooks, on a free loopback port: it keeps what it was sent and answers what a test wants."""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fix_certificates import HOST, Certificates


@dataclass(frozen=True, slots=True)
class Request:
    """What came. `connection` tells requests of one connection."""

    path: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def numbers(self) -> tuple[int, int]:
        """First and last."""
        return self.json["first"], self.json["last"]


@dataclass(frozen=True, slots=True)
class Say:
    """An answer. cut: hang up before it ("unheard": without having read the body's rows), or in its middle."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    cut: str | None = None
    hold: threading.Event | None = None


Rule = Callable[[Request], Say]


@dataclass(slots=True)
class Receiver:
    """`rule` answers each request; `taken` are those that were answered with 2xx, also if nobody heard it."""

    port: int = 0
    rule: Rule = lambda request: Say()
    requests: list[Request] = field(default_factory=list)
    taken: list[Request] = field(default_factory=list)
    connections: int = 0
    hang_up_after_each: bool = False

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/hook"


@contextmanager
def receiving(certificates: Certificates | None = None) -> Iterator[Receiver]:
    """Over TLS if there are certificates."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            receiver.connections += 1
            self.number = receiver.connections

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            request = Request(self.path, dict(self.headers.items()), self.rfile.read(length), self.number)
            receiver.requests.append(request)
            say = receiver.rule(request)
            if say.hold is not None:
                say.hold.wait(60)
            if 200 <= say.status < 300 and say.cut != "before":
                receiver.taken.append(request)
            if say.cut is None:
                self._answer(say)
            self.close_connection = say.cut is not None or receiver.hang_up_after_each

        def _answer(self, say: Say) -> None:
            body = say.text.encode()
            self.send_response(say.status)
            for name, value in say.headers.items():
                self.send_header(name, value)
            if say.status != 204:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: what came is in `requests`."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that is gone is what some tests are about."""

    server = Server((HOST, 0), Handler)
    if certificates is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.server.cert, certificates.server.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def unused_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        port: int = one.getsockname()[1]
        return port
