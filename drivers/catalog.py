"""The kinds of devices that a configuration may name; each is loaded when one is named, not before.

A daemon so starts without the drivers of devices that its site does not have.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated

from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

from drivers.base import Settings

KINDS: Mapping[str, tuple[str, str]] = {
    "gpsd": ("gpsd", "Gpsd"),
    "gt06": ("gt06", "Gt06"),
    "h02": ("h02", "H02"),
    "impinj": ("impinj", "Impinj"),
    "impinj-http": ("impinj_http", "ImpinjHttp"),
    "json": ("json_mqtt", "JsonMqtt"),
    "json-fixes": ("json_mqtt", "JsonFixes"),
    "json-scans": ("json_mqtt", "JsonScans"),
    "llrp": ("llrp", "Llrp"),
    "m100": ("m100", "M100"),
    "mercury": ("mercury", "Mercury"),
    "meshtastic": ("meshtastic", "Meshtastic"),
    "nmea": ("nmea", "Nmea"),
    "osmand": ("osmand", "OsmAnd"),
    "owntracks": ("owntracks", "OwnTracks"),
    "owntracks-http": ("owntracks_http", "OwnTracksHttp"),
    "queclink": ("queclink", "Queclink"),
    "recorded": ("recorded", "Recorded"),
    "rfd": ("rfd", "Rfd"),
    "scanner": ("scanner", "Scanner"),
    "ssi": ("ssi", "Ssi"),
    "teltonika": ("teltonika", "Teltonika"),
    "tsl": ("tsl", "Tsl"),
    "uhfreader": ("uhfreader", "UhfReader"),
    "wedge": ("wedge", "Wedge"),
    "zebra": ("zebra", "Zebra"),
}
"""Module of this package, and class, of each."""


def load(kind: str) -> type[Settings]:
    """The settings of a kind. Raises KeyError for one that is not there."""
    module, name = KINDS[kind]
    found: type[Settings] = getattr(import_module(f"drivers.{module}"), name)
    return found


def every() -> Iterator[type[Settings]]:
    """The settings of all kinds."""
    return map(load, KINDS)


def _by_kind(value: object) -> Settings:
    if isinstance(value, Settings):
        return value
    if not isinstance(value, dict):
        raise PydanticCustomError("model_type", "Input should be a table")
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        known = {"expected_tags": ", ".join(map(repr, KINDS))}
        raise PydanticCustomError("union_tag_invalid", "Input should be one of {expected_tags}", known)
    return load(kind).model_validate(value)


Device = Annotated[Settings, PlainValidator(_by_kind)]
"""A [[device]] of any kind."""
