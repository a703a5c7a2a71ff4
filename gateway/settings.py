"""What an operator may write: the tables of the configuration file, each with its defaults.

Zones, portals, antennas and items are the dataclasses of `core.site`: they are validated as they stand, with
unknown keys refused. The file is read by `gateway.configuration`, what goes before it by `gateway.environment`.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.site import ID, Item, Portal, Site, Source, Tags, Zone
from drivers.catalog import Device
from gateway.broker.settings import BrokerSettings
from gateway.local_time import zone
from gateway.sinks.mqtt.settings import MqttSettings
from gateway.sinks.timescale.settings import TimescaleSettings
from gateway.sinks.webhook.settings import WebhookSettings
from gateway.tag_text import normal_tag

LARGEST = 1 << 48
"""Bytes that a file of SQLite can have at most."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SiteSettings(_Table):
    """[site]

    timezone    an IANA name: in which people are told times; UTC without one
    clock_wait  seconds that rows for a database wait for the clock to be synchronised: their times are final there
    """

    id: str = Field(pattern=f"^{ID.pattern}$")
    timezone: str | None = None
    clock_wait: float = Field(default=300.0, ge=0, le=86_400)

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, name: str | None) -> str | None:
        if name is not None:
            zone(name)
        return name


class JournalSettings(_Table):
    """[journal]: sizes in bytes; a relative path counts from the folder of the configuration file."""

    path: Path = Path("waypost.db")
    max_bytes: int = Field(default=4 << 30, ge=64 << 20, le=LARGEST)
    reads_max_bytes: int = Field(default=3 << 30, ge=32 << 20, le=LARGEST)
    retention_days: float = Field(default=400.0, gt=0, le=36_500)


class Tables(_Table):
    """The whole file."""

    site: SiteSettings
    journal: JournalSettings = JournalSettings()
    tags: Tags = Tags()
    zone: tuple[Zone, ...] = ()
    portal: tuple[Portal, ...] = ()
    broker: tuple[BrokerSettings, ...] = ()
    device: tuple[Device, ...] = ()
    item: tuple[Item, ...] = ()
    items: Path | None = None
    timescale: TimescaleSettings | None = None
    mqtt: MqttSettings | None = None
    webhook: WebhookSettings | None = None


def to_site(settings: Tables, more_items: tuple[Item, ...] = ()) -> Site:
    """What the pipeline needs to know, from checked settings and the items of items.csv."""
    return Site(
        id=settings.site.id,
        zones=settings.zone,
        portals=settings.portal,
        sources=tuple(_source(device) for device in settings.device),
        items=tuple(_normal(item) for item in (*settings.item, *more_items)),
        tags=settings.tags,
    )


def _source(device: Device) -> Source:
    return Source(
        device.id,
        device.antennas,
        device.gpi,
        device.lateness,
        device.accept,
        device.rssi,
        device.offset,
        device.handheld,
    )


def _normal(item: Item) -> Item:
    tags = tuple(normal_tag(tag) for tag in item.tags)
    return Item(item.id, item.kind, item.name, tags, item.group, item.home, item.missing_after, item.fields)
