"""Where in the JSON of an unknown device its tags stand: a proposal for `places` and `units`, from the names of its keys.

What is not plain from name and value is left out: an operator adds it more easily than he finds a wrong one.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from drivers.codecs import json_values as values

TAG_KEYS = (
    "epchex", "idhex", "epc", "epcid", "tagepc", "tagid", "tag", "rfidtag", "rfid", "tid", "tidhex", "uid", "id",
)  # fmt: skip
"""Without case and signs; the better name first."""

_ANTENNA = ("antennaport", "antenna", "antennaid", "antennanumber", "ant", "antport", "readpoint", "port")
_RSSI = ("peakrssi", "peakrssicdbm", "rssi", "maxrssi", "avgrssi", "rssidbm", "signalstrength")
_TIME = (
    "lastseentime", "lastseentimestamp", "lastseen", "timestamp", "time", "readtime", "datetime", "ts",
    "firstseentime", "firstseentimestamp", "firstseen", "seentime", "detectedat",
)  # fmt: skip
_COUNT = ("seencount", "tagseencount", "readcount", "reads", "count")
_PHASE = ("phaseangle", "phase", "phasedeg", "rfphaseangle")
_CHANNEL = ("frequency", "freq", "channel", "frequencykhz", "frequencymhz", "channelinkhz")

_DEPTH = 6
_NODES = 300
_FIRST = 3
"""Entries of an array that are looked at."""
_RECORD_DEPTH = 3
_SIGNS = re.compile(r"[^a-z0-9]")
_HEX = re.compile(r"[0-9A-Fa-f]{8,124}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ANY_NAME = 24
"""Hex digits that a value under `id` or `uid` needs to be taken for a tag; a Zigbee address has 16."""

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """For a [[device]] of the kind json: its tables `places` and `units`, and "raw" if its RSSI is no dBm."""

    places: Mapping[str, str]
    units: Mapping[str, str]
    rssi: str | None = None


def propose(value: object) -> Proposal | None:
    """Where the tags of `value` stand; None if there are none that can be named by keys."""
    found = _find_tag(value)
    if found is None:
        return None
    items, tag, record = found
    places = {"items": items} if items else {}
    places["tag"] = ".".join(tag)
    units: dict[str, str] = {}
    inside = list(_leaves(record, _RECORD_DEPTH))
    around = [] if record is value else list(_leaves(value, _RECORD_DEPTH))
    for name, keys, unit in _MEANINGS:
        for leaves, mark in ((inside, ""), ((), "") if name == "count" else (around, "/")):
            if name not in places and (hit := _best(leaves, keys, unit)) is not None:
                places[name] = mark + ".".join(hit[0])
                if name in _UNITS:
                    units[name] = hit[1]
    raw = units.pop("rssi", "dbm")
    if raw not in ("raw", "dbm"):
        units["rssi"] = raw
    return Proposal(
        places,
        {key: one for key, one in units.items() if one != _UNITS[key]},
        "raw" if raw == "raw" else None,
    )


_Record = tuple[str | None, Path, object]
"""Where the records stand ("": the message is an array of them; None: it is one), the tag in one, and one of them."""


def _find_tag(value: object) -> _Record | None:
    """The best name wins, then the place nearest to the top."""
    best: tuple[int, _Record] | None = None
    for items, path, record in _strings(value):
        rank = _rank(path[-1], TAG_KEYS)
        if rank is not None and (best is None or rank < best[0]) and _is_tag(_at(record, path), rank):
            best = rank, (items, path, record)
    return None if best is None else best[1]


def _strings(value: object) -> Iterator[_Record]:
    """Every named value, nearest to the top first: in the message, or in the entries of one array of it."""
    waiting: list[tuple[str | None, Path, object, object]] = [(None, (), value, value)]
    for _ in range(_NODES):
        if not waiting:
            return
        items, path, record, node = waiting.pop(0)
        if isinstance(node, dict) and len(path) < _DEPTH:
            for key, one in node.items():
                if _SIGNS.sub("", key.lower()) and "." not in key and not key.startswith("/"):
                    yield items, (*path, key), record
                    waiting.append((items, (*path, key), record, one))
        elif isinstance(node, list) and items is None:
            place = ".".join(path)
            waiting += [(place, (), one, one) for one in node[:_FIRST]]


def _is_tag(value: object, rank: int) -> bool:
    if not isinstance(value, str) or _UUID.fullmatch(value):
        return False
    digits = value.replace("-", "").replace(" ", "").removeprefix("0x")
    vague = TAG_KEYS[rank] in ("id", "uid")
    return bool(_HEX.fullmatch(digits)) and len(digits) % 2 == 0 and (not vague or len(digits) >= _ANY_NAME)


def _at(record: object, path: Path) -> object:
    for key in path:
        record = record[key] if isinstance(record, dict) else None
    return record


def _leaves(value: object, depth: int, path: Path = ()) -> Iterator[tuple[Path, object]]:
    if isinstance(value, dict) and depth:
        for key, one in value.items():
            if key and "." not in key and not key.startswith("/"):
                yield from _leaves(one, depth - 1, (*path, key))
    elif path:
        yield path, value


def _rank(key: str, names: tuple[str, ...]) -> int | None:
    plain = _SIGNS.sub("", key.lower())
    return names.index(plain) if plain in names else None


Unit = Callable[[str, object], str | None]
"""The unit of a value under that key; None if it cannot be what the key says."""


def _best(
    leaves: Iterator[tuple[Path, object]] | list[tuple[Path, object]] | tuple[()],
    keys: tuple[str, ...],
    unit: Unit,
) -> tuple[Path, str] | None:
    best: tuple[int, Path, str] | None = None
    for path, value in leaves:
        rank = _rank(path[-1], keys)
        found = None if rank is None else unit(path[-1].lower(), value)
        if rank is not None and found is not None and (best is None or rank < best[0]):
            best = rank, path, found
    return None if best is None else (best[1], best[2])


def _number(value: object) -> float:
    """NaN for what is none."""
    try:
        return values.number(value, "")
    except values.Malformed:
        return math.nan


def _whole(key: str, value: object) -> str | None:
    found = _number(value)
    return "" if 0 <= found <= 0xFFFF and found == int(found) else None


def _rssi(key: str, value: object) -> str | None:
    found = _number(value)
    if math.isnan(found):
        return None
    if found > 0:
        return "raw"
    return "cdbm" if "cdbm" in key or found < -1000 else "ddbm" if found < -150 else "dbm"


def _time(key: str, value: object) -> str | None:
    try:
        values.rfc3339(value, "")
        return "rfc3339"
    except values.Malformed:
        found = _number(value)
    for unit, one in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if 1e9 * one <= found < 1e10 * one:
            return unit
    return None


def _phase(key: str, value: object) -> str | None:
    found = _number(value)
    degrees = "deg" in key or abs(found) > math.tau
    return "deg" if degrees and abs(found) <= 360 else None


def _channel(key: str, value: object) -> str | None:
    found = _number(value)
    for unit, one in (("mhz", 1.0), ("khz", 1e3), ("hz", 1e6)):
        if 840 * one <= found <= 960 * one:
            return unit
    return None


_MEANINGS: tuple[tuple[str, tuple[str, ...], Unit], ...] = (
    ("time", _TIME, _time),
    ("antenna", _ANTENNA, _whole),
    ("rssi", _RSSI, _rssi),
    ("count", _COUNT, _whole),
    ("phase", _PHASE, _phase),
    ("channel", _CHANNEL, _channel),
)
_UNITS = {"time": "rfc3339", "rssi": "dbm", "phase": "rad", "channel": "khz"}
"""What `units` says by itself."""
