"""The serial ports of this machine, each by the name that stays its own when cables are plugged elsewhere."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from serial.tools import list_ports

from gateway.discover.usb_ids import Usb, usb

NAMES = Path("/dev/serial")
"""Where udev keeps lasting names, in by-id and by-path."""


class Info(Protocol):
    """What pyserial tells of a port; None where it does not know."""

    device: str
    vid: int | None
    pid: int | None
    serial_number: str | None
    manufacturer: str | None
    product: str | None


@dataclass(frozen=True, slots=True)
class Port:
    """path: for a url; about: the adapter, in words; number: the adapter's serial number, if it has one."""

    path: str
    about: str = ""
    usb: Usb | None = None
    number: str = ""
    remark: str = ""


def attached(infos: Iterable[Info] | None = None, names: Path = NAMES) -> list[Port]:
    """All that pyserial lists."""
    found: Sequence[Info] = sorted(
        list_ports.comports() if infos is None else infos, key=lambda one: one.device
    )
    alike = Counter((one.vid, one.pid, one.serial_number) for one in found)
    ids, paths = _links(names / "by-id"), _links(names / "by-path")
    return [_port(one, alike[one.vid, one.pid, one.serial_number], ids, paths) for one in found]


def named(path: str) -> Port:
    """A port that an operator names, whatever it is."""
    return Port(path)


def _links(folder: Path) -> dict[str, str]:
    """Real path -> name; the first of several names."""
    try:
        links = sorted(folder.iterdir(), reverse=True)
    except OSError:
        return {}
    return {os.path.realpath(one): str(one) for one in links}


def _port(info: Info, alike: int, ids: dict[str, str], paths: dict[str, str]) -> Port:
    real = os.path.realpath(info.device)
    if info.vid is None or info.pid is None:
        return Port(paths.get(real, info.device), "no USB adapter")
    known = usb(info.vid, info.pid)
    numbers = f"USB {info.vid:04x}:{info.pid:04x}"
    words = " ".join(filter(None, (info.manufacturer, info.product))) or (known.name if known else "")
    about = f"{words} ({numbers})" if words else numbers
    # Adapters of one make without serial numbers share one name by-id: it leads to whichever was plugged in last.
    unique = alike == 1 or bool(info.serial_number)
    path = ids.get(real) if unique else None
    remark = (
        ""
        if unique
        else "another adapter is the same to a hair: this name is that of the USB socket, keep to it"
    )
    return Port(path or paths.get(real) or info.device, about, known, info.serial_number or "", remark)
