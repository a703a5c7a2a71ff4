"""Events as the commands print them, read back."""

from collections.abc import Mapping

from core.events import Event
from gateway.rows import microseconds


def event_from_json(fields: Mapping[str, object]) -> Event:
    """The event that `event_json` gave; a field that is not there has its default.

    Raises ValueError for a time that is none, TypeError for a field that is missing or that no event has.
    """
    times = {name: microseconds(str(fields[name])) for name in ("time", "detected") if name in fields}
    return Event(**{**fields, **times})  # type: ignore[arg-type]
