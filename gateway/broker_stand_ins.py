"""Simulators for the devices of a configuration that talk through a broker: they publish to the one that it names."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.impinj import Impinj
from drivers.json_mqtt import JsonMqtt, JsonScans
from drivers.rfd import Rfd
from drivers.secret import reveal
from drivers.subscriber import Subscriber
from drivers.zebra import Zebra
from gateway.broker.settings import BrokerSettings
from gateway.broker_trackers import Reporting, air, voices
from gateway.mqtt.table import parts
from gateway.road_stand_ins import EVERY, at_work
from gateway.stand_ins import CannotSimulate, Player, StandIn

if TYPE_CHECKING:
    import aiomqtt

    from simulators.clock import Clock
    from simulators.fleet import Fleet
    from simulators.lasting import LastingClient, Sign
    from simulators.on_broker import Beat, Teller
    from simulators.reporting import Message

HEARTBEAT = 30.0
"""Seconds, where a device's settings do not say it."""


def on_broker(
    device: Subscriber, broker: BrokerSettings, folder: Path, clock: "Clock", fleet: "Fleet"
) -> StandIn | None:
    """None if there is no simulator for such a device; relative paths of `broker` count from `folder`."""
    if isinstance(device, Reporting):
        reporting = _reporting(device, voices(device), broker, folder, clock, fleet)
        return StandIn(f"{broker.url} {device.topic}", reporting)
    teller = _teller(device)
    if teller is None:
        return None
    return StandIn(f"{broker.url} {device.topic}", _publishing(device, teller, broker, folder, clock))


@asynccontextmanager
async def _publishing(
    device: Subscriber, teller: "Teller", broker: BrokerSettings, folder: Path, clock: "Clock"
) -> AsyncIterator[Player]:
    from simulators.on_broker import OnBroker

    async with (
        _connected(device, broker, folder) as client,
        OnBroker(client, teller, clock, _beat(device, teller)) as one,
    ):
        yield one


@asynccontextmanager
async def _reporting(
    device: Reporting,
    found: "Mapping[str, Message]",
    broker: BrokerSettings,
    folder: Path,
    clock: "Clock",
    fleet: "Fleet",
) -> AsyncIterator[None]:
    from simulators.logbook import Logbook
    from simulators.reporting import report

    start = fleet.world.scenario.start
    async with _connected(device, broker, folder) as client:
        publisher = air(device, client)
        reports = []
        for number, (name, message) in enumerate(found.items()):
            logbook = Logbook(fleet.receiver(name, EVERY), start, EVERY, fleet.faults(number % 2))
            reports.append(report(logbook, message, publisher, clock))
        async with at_work(reports):
            yield


@asynccontextmanager
async def _connected(
    device: Subscriber, broker: BrokerSettings, folder: Path
) -> AsyncIterator["LastingClient"]:
    """It has to be there at the beginning, and is waited for later on."""
    import aiomqtt

    from simulators.lasting import LastingClient

    def connect(will: aiomqtt.Will | None) -> aiomqtt.Client:
        return _client(device, broker, folder, will)

    client = LastingClient(connect, _sign(device))
    try:
        await client.__aenter__()
    except aiomqtt.MqttError as error:
        raise CannotSimulate(f"{device.id}: {broker.url}: {error}; is the broker running?") from None
    try:
        yield client
    finally:
        await client.__aexit__(None, None, None)


def _client(
    device: Subscriber, broker: BrokerSettings, folder: Path, will: "aiomqtt.Will | None"
) -> "aiomqtt.Client":
    """A connection of the device's own, with our name and secret."""
    import aiomqtt

    _, host, port = parts(broker.url)
    try:
        password = None if broker.password is None else reveal(broker.password)
    except LookupError as error:
        raise CannotSimulate(f"[[broker]] {broker.id}: its password is not there: {error}") from None
    return aiomqtt.Client(
        host,
        port,
        identifier=f"simulated-{device.id}",
        username=broker.username,
        password=password,
        will=will,
        tls_context=_context(broker, folder) if broker.is_tls else None,
    )


def _context(broker: BrokerSettings, folder: Path) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if broker.ca is None else folder / broker.ca)
        if broker.cert is not None:
            context.load_cert_chain(folder / broker.cert, None if broker.key is None else folder / broker.key)
    except OSError as error:
        raise CannotSimulate(f"[[broker]] {broker.id}: ca, cert or key cannot be used: {error}") from None
    return context


def _teller(device: Subscriber) -> "Teller | None":
    from simulators.clerk import JsonClerk
    from simulators.declared import Declared
    from simulators.impinj_mqtt import SimulatedImpinjMqtt
    from simulators.json_device import SimulatedJson
    from simulators.rfd import SimulatedRfd
    from simulators.zebra import SimulatedZebra

    match device:
        case JsonMqtt(topic=topic, places=places, units=units):
            return SimulatedJson(topic, asdict(places), asdict(units))
        case JsonScans(topic=topic, places=found, units=unit):
            return JsonClerk(Declared(topic, found.all()), unit.time)
        case Zebra():
            return SimulatedZebra(_topic(device.topic))
        case Impinj():
            return SimulatedImpinjMqtt(_topic(device.topic))
        case Rfd():
            return SimulatedRfd(_topic(device.topic))
    return None


def _topic(filter: str) -> str:
    """One that the filter covers."""
    return "/".join("simulated" if level in ("+", "#") else level for level in filter.split("/"))


def _sign(device: Subscriber) -> "Sign | None":
    from simulators.lasting import Sign

    found = device.presence
    return None if found is None else Sign(found.topic, found.up.encode(), found.down.encode())


def _beat(device: Subscriber, teller: "Teller") -> "Beat | None":
    """Where it tells that it lives: Zebra's devices among their management events, others anywhere."""
    from simulators.on_broker import Beat
    from simulators.rfd import SimulatedRfd
    from simulators.zebra import SimulatedZebra

    seconds = device.heartbeat or HEARTBEAT
    if isinstance(device, Zebra) and isinstance(teller, SimulatedZebra) and device.events is not None:
        return Beat(
            _topic(device.events), seconds, lambda now: next(iter(teller.payloads([teller.heartbeat(now)])))
        )
    if isinstance(device, Rfd) and isinstance(teller, SimulatedRfd) and device.events is not None:
        return Beat(_topic(device.events), seconds, teller.heartbeat)
    if device.heartbeat is not None:
        return Beat(_topic(device.filters[0]), seconds, lambda now: b"{}")
    return None
