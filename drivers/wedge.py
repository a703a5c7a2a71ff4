"""Barcode scanners that are keyboards (keyboard wedges, USB HID): their keys reach Waypost and nobody else."""

from typing import Literal

from pydantic import field_validator

from drivers.base import Driver, Link
from drivers.carried import Carried
from drivers.codecs.wedge import Session
from drivers.input_device import input_path, open_input
from drivers.scanner_connection import listen


class Wedge(Carried, Driver):
    """One scanner, with the layout US.

    url  input:///dev/input/by-id/NAME-event-kbd
    """

    kind: Literal["wedge"] = "wedge"
    url: str

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        input_path(url)
        return url

    async def run(self, link: Link) -> None:
        """Take its codes until it is lost."""
        async with open_input(input_path(self.url)) as (name, stream):
            await listen(stream, lambda at: Session(name, self.badge, at), link, self.id)
