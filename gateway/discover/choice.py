"""What an operator asks for, as the finders that do it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from gateway.broker.settings import BrokerSettings
from gateway.configuration import Configuration
from gateway.discover.call_finder import CallFinder
from gateway.discover.finding import Finder
from gateway.discover.keyboard_finder import KeyboardFinder
from gateway.discover.known import Known
from gateway.discover.network_finder import PORTS, NetworkFinder
from gateway.discover.networks import Network, named
from gateway.discover.serial_finder import SerialFinder
from gateway.mqtt.endpoint import Endpoint

NAMES = ("serial", "keyboards", "network", "calls", "broker")
ANYWHERE, PORT = "0.0.0.0", 5084
_NEW = "discovered"


@dataclass(frozen=True, slots=True)
class Choice:
    """only: which finders, none: all; paths: serial ports; networks: CIDR; ports: TCP, of LLRP

    listen: [ADDRESS:]PORT for readers that call;  broker: URL of one that is not in the configuration
    password: names a secret;  topics: filters
    """

    only: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    ports: tuple[int, ...] = PORTS
    listen: str = str(PORT)
    broker: str | None = None
    user: str | None = None
    password: str | None = None
    topics: tuple[str, ...] = ("#",)


def finders(choice: Choice, loaded: Configuration | None, known: Known) -> list[Finder]:
    """Raises ValueError for what cannot be done; its text names the option, the reason and the remedy."""
    strange = sorted(set(choice.only) - set(NAMES))
    if strange:
        raise ValueError(f"--only {strange[0]}: no such way to look; use {', '.join(NAMES)}")
    makers: dict[str, Callable[[], list[Finder]]] = {
        "serial": lambda: [SerialFinder(known, choice.paths)],
        "keyboards": lambda: [KeyboardFinder(known)],
        "network": lambda: [NetworkFinder(known, _networks(choice), choice.ports)],
        "calls": lambda: [CallFinder(known, *_listen(choice.listen))],
        "broker": lambda: list(_brokers(choice, loaded, known)),
    }
    return [one for name in dict.fromkeys(choice.only or NAMES) for one in makers[name]()]


def brokers(choice: Choice, loaded: Configuration | None) -> list[BrokerSettings]:
    """Those of the configuration, or the one that is named instead: as it stands there, or under an id of its own."""
    listed = [] if loaded is None else list(loaded.settings.broker)
    if choice.broker is None:
        return listed
    same = [one for one in listed if one.url == choice.broker and choice.user in (None, one.username)]
    if same:
        return same[:1]
    taken = {one.id for one in listed}
    id = next(
        name for name in (_NEW, *(f"{_NEW}-{n}" for n in range(2, len(taken) + 3))) if name not in taken
    )
    try:
        return [BrokerSettings(id=id, url=choice.broker, username=choice.user, password=choice.password)]
    except ValidationError as error:
        first = error.errors()[0]
        where = "-".join(["--broker", *(str(key) for key in first["loc"] if key != "url")])
        raise ValueError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from None


def _networks(choice: Choice) -> tuple[Network, ...]:
    try:
        return named(choice.networks)
    except ValueError as error:
        raise ValueError(f"--network: {error}") from None


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 1 << 16):
        raise ValueError(
            f"--listen {text}: no port from 1 to 65535; write 5084, or an address before it, 10.0.0.2:5084"
        )
    return host.strip("[]") or ANYWHERE, int(port)


def _brokers(choice: Choice, loaded: Configuration | None, known: Known) -> Iterator[Finder]:
    from gateway.discover.broker_finder import BrokerFinder, client_id  # paho: for whoever has a broker

    site = "discover" if loaded is None else loaded.site.id
    folder = Path() if loaded is None else loaded.path.parent
    for one in brokers(choice, loaded):
        ours = one.model_copy(update={"client_id": client_id()})
        table = f"[[broker]] {one.id}"
        yield BrokerFinder(ours, Endpoint(ours, site, folder, "", table, one.id), known, choice.topics)
