"""The sinks that a configuration asks for. What a sink needs is imported only if it is among them."""

from importlib.metadata import version

from gateway.configuration import Configuration
from gateway.sinks.contract import Sink


def sinks(configuration: Configuration) -> list[Sink]:
    """One for each table that the file has."""
    settings, found = configuration.settings, list[Sink]()
    if settings.timescale is not None:
        from gateway.sinks.timescale.sink import TimescaleSink

        devices = [(device.id, device.kind) for device in settings.device]
        zones = [(zone.id, zone.inside) for zone in settings.zone]
        found.append(TimescaleSink(settings.timescale, settings.site.id, devices, version("waypost"), zones))
    return found
