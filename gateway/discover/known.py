"""What the configuration has already: it is not asked again, since the daemon may be talking to it."""

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from drivers.base import Driver, Settings
from drivers.codecs.topics import TopicFilter
from drivers.serial_port import SerialPort, where
from drivers.streams import address
from drivers.subscriber import Subscriber

_ANY_BAUD = 9600


class Known:
    """The devices of a configuration, by how they are reached."""

    def __init__(self, devices: Iterable[Settings] = ()) -> None:
        self._ports: dict[Path, str] = {}
        self._addresses: dict[tuple[str, int], str] = {}
        self._listeners: dict[int, str] = {}
        self._topics: list[tuple[str, TopicFilter, str]] = []
        for one in devices:
            if isinstance(one, Subscriber):
                self._topics += [(one.broker, TopicFilter(text), one.id) for text in one.filters]
            elif isinstance(one, Driver):
                self._add(one, str(getattr(one, "url", "")))

    def _add(self, device: Driver, url: str) -> None:
        if url.startswith("input:"):
            self._ports[Path(unquote(urlsplit(url).path)).resolve()] = device.id
            return
        try:
            to = where(url, _ANY_BAUD, 0) if url.startswith("serial:") else address(url, *device.usual_ports)
        except ValueError:
            return  # it is reached in another way, which no finder goes
        if isinstance(to, SerialPort):
            self._ports[Path(to.path).resolve()] = device.id
        elif to.scheme == "listen":
            self._listeners[to.port] = device.id
        else:
            self._addresses[to.host, to.port] = device.id

    def listener(self, port: int) -> str | None:
        """Whom readers that call this port belong to."""
        return self._listeners.get(port)

    def port(self, path: str) -> str | None:
        """Whose serial port or input device this is, under any of its names."""
        return self._ports.get(Path(path).resolve())

    def address(self, host: str, port: int) -> str | None:
        """Who listens there; a configuration that has a name for the host is not recognised."""
        return self._addresses.get((host, port))

    def topic(self, broker: str, topic: str) -> str | None:
        """Who publishes there."""
        for name, wanted, id in self._topics:
            if name == broker and wanted.match(topic) is not None:
                return id
        return None
