"""What tests of the webhook sink are made of: a sink, its receiver, and three events."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from gateway.sinks.webhook.settings import WebhookSettings
from gateway.sinks.webhook.sink import WebhookSink
from tests.mqtt_sinks import NOW, batch, event
from tests.receiver import Receiver, Request, Say, receiving

Script = Callable[[WebhookSink, Receiver], Awaitable[None]]


def made(url: str, **table: Any) -> WebhookSink:
    """A sink that is not open."""
    settings = WebhookSettings.model_validate({"url": url, **table})
    return WebhookSink(settings, Path("/"), lambda: NOW, "1.2.3")


def play(script: Script, rule: Callable[[Request], Say] = lambda request: Say(), **table: Any) -> Receiver:
    """A sink and its receiver, until the script ends."""
    with receiving() as receiver:
        receiver.rule = rule

        async def whole() -> None:
            sink = made(receiver.url, **table)
            try:
                await sink.open()
                await script(sink, receiver)
            finally:
                await sink.close()

        asyncio.run(whole())
    return receiver


async def write_three(sink: WebhookSink, receiver: Receiver) -> None:
    await sink.write(batch([event(7), event(8), event(9)], first=7))
