"""The sinks that a configuration asks for. What a sink needs is imported only if it is among them."""

from collections.abc import Callable, Mapping
from importlib.metadata import version

from gateway.configuration import Configuration
from gateway.link import DeviceLink
from gateway.sinks.contract import Sink
from gateway.sinks.mqtt.settings import MqttSettings
from gateway.sinks.timescale.settings import TimescaleSettings


def sinks(
    configuration: Configuration, links: Mapping[str, DeviceLink], now: Callable[[], int]
) -> list[Sink]:
    """One for each table that the file has.

    links  the devices, by id;  now: microseconds UTC
    """
    settings, found = configuration.settings, list[Sink]()
    if settings.timescale is not None:
        found.append(_timescale(configuration, settings.timescale))
    if settings.mqtt is not None:
        found.append(_mqtt(configuration, settings.mqtt, links, now))
    if settings.webhook is not None:
        from gateway.sinks.webhook.sink import WebhookSink

        found.append(WebhookSink(settings.webhook, configuration.path.parent, now, version("waypost")))
    return found


def _timescale(configuration: Configuration, table: TimescaleSettings) -> Sink:
    from gateway.sinks.timescale.sink import TimescaleSink

    settings = configuration.settings
    devices = [(device.id, device.kind) for device in settings.device]
    zones = [(zone.id, zone.inside) for zone in settings.zone]
    return TimescaleSink(table, settings.site.id, devices, version("waypost"), zones, settings.site.timezone)


def _mqtt(
    configuration: Configuration,
    table: MqttSettings,
    links: Mapping[str, DeviceLink],
    now: Callable[[], int],
) -> Sink:
    from gateway.sinks.mqtt.sink import MqttSink
    from gateway.sinks.mqtt.standing import Standing, journal_look

    site = configuration.site
    standing = Standing(
        journal_look(configuration.journal),
        [item.id for item in site.items],
        {zone.id: zone.inside for zone in site.zones},
    )
    sink = MqttSink(
        table,
        site.id,
        configuration.path.parent,
        standing,
        lambda: {name: link.health for name, link in links.items()},
        now,
        version("waypost"),
    )
    for link in links.values():
        link.listeners.append(sink.device_changed)
    return sink
