"""The edge of the daemon: a supervised task for each connection, of a device by itself or of those on a broker."""

import random
from collections.abc import Coroutine, Iterator, Mapping

from drivers.base import Driver
from drivers.subscriber import Subscriber
from gateway.configuration import Configuration
from gateway.link import DeviceLink
from gateway.mqtt.endpoint import Endpoint
from gateway.supervisor import supervise, supervise_all


def connections(
    configuration: Configuration, links: Mapping[str, DeviceLink]
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
            broker = Broker(table, endpoint, devices)
            yield name, supervise_all(broker.run, [link for _, link in devices], random.Random(table.id))
