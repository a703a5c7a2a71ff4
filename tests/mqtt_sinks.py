"""What tests of the MQTT sink are made of: a sink to a port, batches, journals with events."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.events import Event, Gap
from gateway.link import Health
from gateway.rows import event_row, gap_row
from gateway.sinks.contract import Batch, Events, Gaps, Line
from gateway.sinks.mqtt.session import Sleep
from gateway.sinks.mqtt.settings import MqttSettings
from gateway.sinks.mqtt.sink import MqttSink
from gateway.sinks.mqtt.standing import Found, Look, Standing
from tests.fix_certificates import HOST

SITE = "leeds"
EPOCH = "6f1c2f5e-6f0b-4b7e-9d0c-2b9a4a3c1d00"
NOW = 1_760_000_000_000_000
"""2025-10-09T08:53:20Z"""
ITEMS = ("gen-7", "gen-8")
INSIDE = {"site": None, "yard": "site", "cage": "yard"}


def event(number: int, kind: str = "arrived", place: str | None = "yard", **more: Any) -> Event:
    """Number n happened n seconds after NOW, to gen-7."""
    time = NOW + number * 1_000_000
    made = Event(f"id-{number}", time, time + 1, kind, "gen-7", "E2FF", place, source="door1", confidence=0.9)
    return replace(made, **more)


def batch(events: Iterable[Event], first: int = 1) -> Batch:
    """Of consecutive numbers."""
    rows = tuple(event_row(number, one) for number, one in enumerate(events, first))
    return Batch(Line(SITE, EPOCH, "events"), first, first + len(rows) - 1, Events(rows))


def gap_batch(gaps: Iterable[Gap], first: int = 1) -> Batch:
    """Of consecutive numbers."""
    rows = tuple(gap_row(number, one) for number, one in enumerate(gaps, first))
    return Batch(Line(SITE, EPOCH, "gaps"), first, first + len(rows) - 1, Gaps(rows))


async def nothing(items: Collection[str]) -> Found:
    """A journal in which nothing is known of any item."""
    return {}


def made(
    port: int,
    look: Look = nothing,
    devices: Mapping[str, Health] | None = None,
    scheme: str = "mqtt",
    sleep: Sleep = asyncio.sleep,
    keepalive: int = 30,
    **table: Any,
) -> MqttSink:
    """A sink that is not open; `keepalive` may be shorter than an operator could set it."""
    settings = MqttSettings(url=f"{scheme}://{HOST}:{port}", **table)
    settings = settings.model_copy(update={"keepalive": keepalive})
    states = {} if devices is None else devices
    return MqttSink(
        settings, SITE, Path("/"), Standing(look, ITEMS, INSIDE), lambda: states, lambda: NOW, "1.2.3",
        sleep, 0.0,
    )  # fmt: skip


@asynccontextmanager
async def opened(sink: MqttSink) -> AsyncIterator[MqttSink]:
    """Open it, and close it in the end."""
    try:
        await sink.open()
        yield sink
    finally:
        await sink.close()
