"""A device on a serial line, its own or that of a device server: its `url`."""

from typing import ClassVar

from pydantic import field_validator

from drivers.base import Driver
from drivers.serial_port import Where, where


class SerialDevice(Driver):
    """`usual_baud` is what it comes with; `usual_ports` are those of a device server."""

    usual_baud: ClassVar[int]
    url: str

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        cls._where(url)
        return url

    @classmethod
    def _where(cls, url: str) -> Where:
        return where(url, cls.usual_baud, cls.usual_ports[0])

    @property
    def place(self) -> Where:
        """The parts of `url`."""
        return self._where(self.url)
