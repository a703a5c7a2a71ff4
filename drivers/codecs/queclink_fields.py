"""What @Track reports of Queclink say beside positions, as attributes with names and units: as far as it is certain.

Fields are told by models in ever other places; taken is what has a shape of its own, or stands where all models have it.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

POSITIONED = frozenset(
    f"GT{name}"
    for name in (
        "FRI", "ERI", "RTL", "SOS", "SPD", "IGL", "IGN", "IGF", "VGN", "VGF", "GEO", "DOG", "DIS", "IOB", "NMR", "TOW",
        "PNL", "LBC", "HBM", "STT", "STR", "CTN", "SWG", "TMP", "BPL", "BTC", "STC", "MPN", "MPF", "LSW", "TSW", "LOC",
    )
)  # fmt: skip
"""Reports that tell a position whenever there is one."""

_IGNITION = {"GTIGN": True, "GTVGN": True, "GTIGF": False, "GTVGF": False}
_IGNITION_TYPES = {"00": True, "0": True, "01": False, "1": False}
_ALARMS = {"GTSOS": "sos", "GTTOW": "tow", "GTMPF": "power_cut"}
_TIMED = frozenset(_IGNITION)
"""Reports that tell hours before the odometer."""

_PLAIN = frozenset(("GTFRI", "GTERI"))
_STATES: dict[str, dict[str, object]] = {
    "11": {"ignition": False, "movement": False},
    "12": {"ignition": False, "movement": True},
    "16": {"ignition": False, "movement": True},
    "1A": {"ignition": False, "movement": True},
    "21": {"ignition": True, "movement": False},
    "22": {"ignition": True, "movement": True},
    "41": {"movement": False},
    "42": {"movement": True},
}
"""By the first byte of the device's status: rest or motion (also being towed), without and with ignition or its sensor."""

_STATUS = re.compile(r"[0-9A-F]{6}")
_PERCENT = re.compile(r"\d{1,2}|100")
_MILLIVOLTS = re.compile(r"\d{4,5}")
_KM = re.compile(r"\d{1,7}\.\d{1,2}")
_APPENDED = re.compile(r"0[0-9A-F]")
_CELL = (
    re.compile(r"\d{3,4}"),
    re.compile(r"\d{1,4}"),
    re.compile(r"[0-9A-Fa-f]{2,4}"),
    re.compile(r"[0-9A-Fa-f]{2,8}"),
)

_CELL_AT, _MASK_AT = 3, 7
"""Fields behind the longitude: MCC, and which fields are appended to the position."""

_STATE_BEFORE, _TYPE_BEFORE, _POWER_BEFORE = 5, 6, 7
"""Fields before the first longitude, some of which only certain reports have: state; number, the report's type, power."""


def of_position(name: str, fields: Sequence[str], at: int) -> dict[str, object]:
    """Of the position whose longitude stands at `at`: cell (MCC, MNC, LAC, cell) and odometer_m."""
    said: dict[str, object] = {}
    cell = fields[at + _CELL_AT : at + _MASK_AT]
    if len(cell) == 4 and all(shape.fullmatch(one) for shape, one in zip(_CELL, cell, strict=True)):
        said["cell"] = f"{int(cell[0])},{int(cell[1])},{int(cell[2], 16)},{int(cell[3], 16)}"
    km = _odometer(name, fields, at)
    if km:
        said["odometer_m"] = round(float(km) * 1000)
    return said


def satellites(fields: Sequence[str], at: int) -> int:
    """-1 if the report does not say."""
    if at + _MASK_AT + 1 < len(fields) and _appended(fields, at) & 1:
        told = fields[at + _MASK_AT + 1]
        if _PERCENT.fullmatch(told):
            return int(told)
    return -1


def of_report(name: str, fields: Sequence[str], first: int, last: int) -> dict[str, object]:
    """Of the report as a whole, whose positions stand from `first` to `last`."""
    said: dict[str, object] = {} if name in _PLAIN else {"event": name[2:].lower()}
    if name in _ALARMS:
        said["alarm"] = _ALARMS[name]
    if name in _IGNITION:
        said["ignition"] = _IGNITION[name]
    elif name == "GTIGL" and (told := _before(fields, first, _TYPE_BEFORE)) in _IGNITION_TYPES:
        said["ignition"] = _IGNITION_TYPES[told]
    elif name == "GTNMR" and fields[4] in ("0", "1"):
        said["movement"] = fields[4] == "1"
    elif name == "GTSTT":
        said |= _STATES.get(_before(fields, first, _STATE_BEFORE), {})
    elif name in _PLAIN and _MILLIVOLTS.fullmatch(_before(fields, first, _POWER_BEFORE)):
        said["external_mv"] = int(fields[first - _POWER_BEFORE])
    return said | _state(name, fields, last)


def _before(fields: Sequence[str], at: int, places: int) -> str:
    return fields[at - places] if at >= places else ""


def _state(name: str, fields: Sequence[str], at: int) -> dict[str, object]:
    """How full its battery is, and whether it moves."""
    behind = fields[at + _MASK_AT + 1 : -2]
    if name in _PLAIN:
        for before, one in pairwise(behind):
            if _STATUS.fullmatch(one) and (not before or _PERCENT.fullmatch(before)):
                said = dict(_STATES.get(one[:2], {}))
                return said | ({"battery_percent": int(before)} if before else {})
    if name in ("GTFRI", "GTRTL", "GTNMR") and behind and _PERCENT.fullmatch(behind[-1]):
        return {"battery_percent": int(behind[-1])}
    return {}


def _odometer(name: str, fields: Sequence[str], at: int) -> str:
    """km; "" if it is not told."""
    behind = fields[at + _MASK_AT : -2]
    if not behind:
        return ""
    if _KM.fullmatch(behind[0]):
        return behind[0]
    place = 1 + _appended(fields, at).bit_count() + (name in _TIMED)
    return behind[place] if place < len(behind) and _KM.fullmatch(behind[place]) else ""


def _appended(fields: Sequence[str], at: int) -> int:
    """Which fields are appended: 1 satellites, 2 how the position came about; also others, of newer models."""
    told = fields[at + _MASK_AT]
    return int(told, 16) if _APPENDED.fullmatch(told) else 0
