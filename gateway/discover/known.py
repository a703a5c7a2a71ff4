"""What the configuration has already: it is not asked again, since the daemon may be talking to it."""

from collections.abc import Iterable
from pathlib import Path

from drivers.base import Driver, Settings
from drivers.codecs.topics import TopicFilter
from drivers.subscriber import Subscriber
from gateway.occupied import Place, place_of


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
                url = getattr(one, "url", None)
                if isinstance(url, str):
                    self._add(place_of(url, one), one.id)

    def _add(self, place: Place, id: str) -> None:
        match place:
            case ("serial" | "input", path, _):
                self._ports[Path(path).resolve()] = id
            case ("listen", _, port):
                self._listeners[port] = id
            case ("connect", host, port):
                self._addresses[host, port] = id

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
