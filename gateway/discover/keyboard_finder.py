"""Barcode scanners that are keyboards: by their maker or their name. Nothing is opened: keys may be somebody's password."""

import asyncio
import os
import re
from pathlib import Path
from urllib.parse import quote

from gateway.discover.finding import Finding, Report
from gateway.discover.kernel import told
from gateway.discover.known import Known
from gateway.discover.usb_ids import usb

NAMES, DEVICES = Path("/dev/input/by-id"), Path("/sys/class/input")
"""Where udev keeps lasting names, and the kernel what it knows of each device."""

_SCANNER = re.compile(r"bar ?code|scanner", re.IGNORECASE)


class KeyboardFinder:
    """Looks once."""

    name = "keyboards"

    def __init__(self, known: Known, names: Path = NAMES, devices: Path = DEVICES) -> None:
        self._known = known
        self._names = names
        self._devices = devices

    async def find(self, report: Report, until: float) -> None:
        """Those that may be scanners; other keyboards are nobody's business."""
        for finding in await asyncio.to_thread(self._scanners):
            report.found(finding)

    def _scanners(self) -> list[Finding]:
        paths = sorted(self._names.glob("*-event-kbd"))
        return [found for path in paths if (found := self._scanner(path)) is not None]

    def _scanner(self, path: Path) -> Finding | None:
        device = self._devices / os.path.basename(os.path.realpath(path)) / "device"
        vendor, product = (_number(device / "id" / name) for name in ("vendor", "product"))
        maker, name = usb(vendor, product), told(device / "name")
        is_maker = maker is not None and maker.role == "scanner"
        if not is_maker and not _SCANNER.search(name):
            return None
        model = f"{name or path.name} (USB {vendor:04x}:{product:04x})"
        return Finding(
            self.name,
            str(path),
            "ready",
            "wedge",
            path.name.removesuffix("-event-kbd").removeprefix("usb-"),
            f"barcode scanner that is a keyboard: {model}",
            {"url": f"input://{quote(str(path))}"},
            remarks=("if it has a mode as a virtual COM port, set that: it tells what kind of code it read",),
            known=self._known.port(str(path)),
        )


def _number(path: Path) -> int:
    """Hexadecimal; 0 if it is not told."""
    try:
        return int(told(path), 16)
    except ValueError:
        return 0
