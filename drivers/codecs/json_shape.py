"""Messages of the shape that was declared: only what is wanted is decoded, which takes half the time of all of it.

What has another shape is none of this module's business: `told` gives None, and whoever asked looks at the whole
message. Of what is not wanted the form alone is looked at.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
from types import GenericAlias, UnionType
from typing import Generic, TypeVar

F = TypeVar("F", bound=str)
Keys = tuple[str, ...]
Kind = type | UnionType | GenericAlias


class Shape(Generic[F]):
    """Records under `items` of the message, or the message itself if there are no keys: one object, or an array of them.

    inside, around  where the values of a field stand in a record, or in the message around it
    Raises ValueError for places that have no shape: in arrays, or inside each other.
    """

    def __init__(self, items: Keys, inside: Mapping[F, Keys], around: Mapping[F, Keys]) -> None:
        import msgspec  # not before there is such a device

        record, places = _struct({keys: object for keys in inside.values()})
        records: Kind = GenericAlias(list, (record,)) | record
        self._inside = {field: attrgetter(places[keys]) for field, keys in inside.items()}
        self._around: dict[F, Callable[[object], object]] = {}
        self._items: Callable[[object], object] | None = None
        if items:
            leaves: dict[Keys, Kind] = {keys: object for keys in around.values()}
            if items in leaves:
                raise ValueError("a place is that of the records")
            records, places = _struct({**leaves, items: records | None})
            self._items = attrgetter(places[items])
            self._around = {field: attrgetter(places[keys]) for field, keys in around.items()}
        elif around:
            raise ValueError("a place is around records that are the message")
        self._decode: Callable[[bytes], object] = msgspec.json.Decoder(records).decode
        self._refusal = msgspec.MsgspecError

    def told(self, payload: bytes) -> tuple[Mapping[F, list[object]], int] | None:
        """By field, a value or None for each record, and how many records; None if it has another shape."""
        try:
            root = self._decode(payload)
            found = root if self._items is None else self._items(root)
            if found is None:
                return None
            records = found if isinstance(found, list) else [found]
            told = {field: list(map(get, records)) for field, get in self._inside.items()}
            for field, get in self._around.items():
                told[field] = [get(root)] * len(records)
        except (self._refusal, ValueError, RecursionError, AttributeError):
            return None  # AttributeError: an object in which others stand is not there
        return told, len(records)


def _struct(leaves: Mapping[Keys, Kind]) -> tuple[type, dict[Keys, str]]:
    """A type with these places, and by which attributes they are found."""
    import msgspec

    heads: dict[str, dict[Keys, Kind]] = {}
    for keys, leaf in leaves.items():
        heads.setdefault(keys[0], {})[keys[1:]] = leaf
    fields: list[tuple[str, Kind, None]] = []
    names: dict[str, str] = {}
    places: dict[Keys, str] = {}
    for key, inner in heads.items():
        name = f"f{len(fields)}"
        if key.isdecimal() or (() in inner and len(inner) > 1):
            raise ValueError("a place in an array, or inside another, has no shape")
        if () in inner:
            kind: Kind = inner[()]
            places[(key,)] = name
        else:
            struct, below = _struct(inner)
            kind = struct | None
            places |= {(key, *rest): f"{name}.{attribute}" for rest, attribute in below.items()}
        fields.append((name, kind, None))
        names[name] = key
    return msgspec.defstruct("Shape", fields, rename=names, gc=False), places


def shape(items: Keys, inside: Mapping[F, Keys], around: Mapping[F, Keys]) -> Shape[F] | None:
    """None for places that have none."""
    try:
        return Shape(items, inside, around)
    except ValueError:
        return None


def keys_of(place: str) -> Keys:
    """The keys of a place that stands in JSON."""
    return tuple(place.removeprefix("/").split("."))


def split(places: Mapping[F, str]) -> tuple[dict[F, Keys], dict[F, Keys]]:
    """Those in records, and those around them; those in topics are in neither."""
    inside = {field: keys_of(place) for field, place in places.items() if place[:1] not in "/{"}
    around = {field: keys_of(place) for field, place in places.items() if place[:1] == "/"}
    return inside, around
