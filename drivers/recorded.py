"""A device that exists in recordings only: `waypost replay` feeds it."""

import asyncio
from typing import Literal

from drivers.base import Driver, Link


class Recorded(Driver):
    """Its antennas give the recorded reads their places."""

    kind: Literal["recorded"] = "recorded"

    async def run(self, link: Link) -> None:
        """Nothing ever comes by itself."""
        link.up("fed by `waypost replay`")
        await asyncio.Event().wait()
