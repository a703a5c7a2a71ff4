"""What is known of serial ports by the USB vendor and product that they name (the numbers are of usb.org's list).

Most are chips behind which anything may be; a few say what is attached. Modems and GPS receivers are listened to and
never asked: what they do with a stranger's bytes is their own affair.
"""

from dataclasses import dataclass
from typing import Literal

Role = Literal["adapter", "gps", "modem", "scanner"]


@dataclass(frozen=True, slots=True)
class Usb:
    """What stands behind the numbers; `adapter`: nobody knows what is attached to it."""

    name: str
    role: Role = "adapter"


_PRODUCTS = {
    (0x0403, 0x6001): Usb("FTDI FT232R"),
    (0x0403, 0x6010): Usb("FTDI FT2232"),
    (0x0403, 0x6011): Usb("FTDI FT4232"),
    (0x0403, 0x6014): Usb("FTDI FT232H"),
    (0x0403, 0x6015): Usb("FTDI FT-X"),
    (0x0483, 0x5740): Usb("STM32 virtual COM port"),
    (0x067B, 0x2303): Usb("Prolific PL2303"),
    (0x067B, 0x23A3): Usb("Prolific PL2303GS"),
    (0x10C4, 0xEA60): Usb("Silicon Labs CP210x"),
    (0x10C4, 0xEA70): Usb("Silicon Labs CP2105"),
    (0x10C4, 0xEA71): Usb("Silicon Labs CP2108"),
    (0x1A86, 0x5523): Usb("WCH CH341"),
    (0x1A86, 0x55D3): Usb("WCH CH343"),
    (0x1A86, 0x55D4): Usb("WCH CH9102"),
    (0x1A86, 0x7523): Usb("WCH CH340"),
}

_VENDORS = {
    0x0403: Usb("FTDI"),
    0x04D8: Usb("Microchip"),
    0x0536: Usb("Honeywell (Hand Held Products)", "scanner"),
    0x05C6: Usb("Qualcomm", "modem"),
    0x05E0: Usb("Zebra (Symbol)", "scanner"),
    0x05F9: Usb("Datalogic", "scanner"),
    0x065A: Usb("Opticon", "scanner"),
    0x067B: Usb("Prolific"),
    0x091E: Usb("Garmin", "gps"),
    0x0C2E: Usb("Honeywell (Metrologic)", "scanner"),
    0x10C4: Usb("Silicon Labs"),
    0x1199: Usb("Sierra Wireless", "modem"),
    0x12D1: Usb("Huawei", "modem"),
    0x1546: Usb("u-blox", "gps"),
    0x19D2: Usb("ZTE", "modem"),
    0x1A86: Usb("WCH"),
    0x1BC7: Usb("Telit", "modem"),
    0x1E0E: Usb("SIMCom", "modem"),
    0x1EAB: Usb("Newland", "scanner"),
    0x2341: Usb("Arduino"),
    0x2C7C: Usb("Quectel", "modem"),
    0x2CB7: Usb("Fibocom", "modem"),
    0x2E8A: Usb("Raspberry Pi Pico"),
    0x303A: Usb("Espressif"),
}


def usb(vendor: int, product: int) -> Usb | None:
    """None if nothing is known of it."""
    return _PRODUCTS.get((vendor, product)) or _VENDORS.get(vendor)
