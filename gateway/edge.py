"""The edge of the daemon: a supervised task for each connection, of a device by itself or of those on a broker."""

import random
from collections.abc import Callable, Coroutine, Iterator, Mapping

from drivers.base import Driver
from drivers.subscriber import Subscriber
from gateway.broker.health import BrokerHealth
from gateway.configuration import Configuration
from gateway.link import DeviceLink
from gateway.mqtt.endpoint import Endpoint
from gateway.supervisor import supervise, supervise_all


def brokers(configuration: Configuration, now: Callable[[], int]) -> dict[str, BrokerHealth]:
    """How each [[broker]] is, by its id."""
    settings = configuration.settings
    return {
        table.id: BrokerHealth(
            [
                device.id
                for device in settings.device
                if isinstance(device, Subscriber) and device.broker == table.id
            ],
            now,
        )
        for table in settings.broker
    }


def connections(
    configuration: Configuration, links: Mapping[str, DeviceLink], healths: Mapping[str, BrokerHealth]
) -> Iterator[tuple[str, Coroutine[object, object, None]]]:
    """A name for each, and what runs it until it is cancelled."""
    settings = configuration.settings
    for device in settings.device:
        if isinstance(device, Driver):
            yield device.id, supervise(device, links[device.id], random.Random(device.id))
    for table in settings.broker:
        devices = [
            (device, links[device.id])
            for device in settings.device
            if isinstance(device, Subscriber) and device.broker == table.id
        ]
        if devices:
            from gateway.broker.attendance import Broker  # a site without a broker does not pay for paho

            name = f"[[broker]] {table.id}"
            folder = configuration.path.parent
            endpoint = Endpoint(table, settings.site.id, folder, "", table=name, name=table.id)
            broker = Broker(table, endpoint, devices, healths[table.id])
            yield name, supervise_all(broker.run, [link for _, link in devices], random.Random(table.id))
