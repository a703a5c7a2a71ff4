"""Scanners that are keyboards: gateway/discover/keyboard_finder.py."""

import asyncio
from pathlib import Path

from gateway.discover.keyboard_finder import KeyboardFinder
from gateway.discover.known import Known
from gateway.discover.proposal import Proposals
from tests.discovered import looked


def keyboard(root: Path, number: int, id: str, name: str | None, vendor: str | None) -> Path:
    """As udev and the kernel show it."""
    device = root / "class" / f"event{number}" / "device"
    (device / "id").mkdir(parents=True)
    if name is not None:
        (device / "name").write_text(f"{name}\n")
    if vendor is not None:
        (device / "id" / "vendor").write_text(f"{vendor}\n")
        (device / "id" / "product").write_text("1200\n")
    path = root / "by-id" / f"usb-{id}-event-kbd"
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(f"../event{number}")
    return path


def test_scanners_are_told_and_keyboards_are_not(tmp_path: Path) -> None:
    by_maker = keyboard(tmp_path, 0, "Symbol_DS2208", "Symbol Technologies", "05e0")
    keyboard(tmp_path, 1, "Logitech_K120", "Logitech USB Keyboard", "046d")
    by_name = keyboard(tmp_path, 2, "Cheap_One", "WCM HIDKeyBoard BarCode Reader", "ffff")
    keyboard(tmp_path, 3, "Nameless", None, None)
    finder = KeyboardFinder(Known(), tmp_path / "by-id", tmp_path / "class")
    told = asyncio.run(looked(1, finder))
    assert set(told.findings) == {str(by_maker), str(by_name)}
    found = told.findings[str(by_maker)]
    assert (found.kind, found.settings) == ("wedge", {"url": f"input://{by_maker}"})
    assert "Symbol Technologies (USB 05e0:1200)" in found.model
    table = Proposals("hall").proposal(found).table
    assert table is not None
    assert table["id"] == "wedge-Symbol-DS2208"


def test_one_of_the_configuration_is_known(tmp_path: Path) -> None:
    from drivers.wedge import Wedge

    path = keyboard(tmp_path, 0, "Honeywell", "Honeywell Scanner", "0c2e")
    known = Known([Wedge(id="gate", url=f"input://{path}")])
    told = asyncio.run(looked(1, KeyboardFinder(known, tmp_path / "by-id", tmp_path / "class")))
    assert told.findings[str(path)].known == "gate"


def test_a_machine_without_any(tmp_path: Path) -> None:
    assert asyncio.run(looked(1, KeyboardFinder(Known(), tmp_path, tmp_path))).findings == {}
