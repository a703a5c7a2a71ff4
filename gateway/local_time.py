"""The site's time zone, in which the command line tells times to people. Everything else, JSON too, has UTC."""

from datetime import UTC, datetime, timedelta, tzinfo
from difflib import get_close_matches

from core.events import rfc3339
from gateway.rows import microseconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def zone(name: str) -> tzinfo:
    """Of an IANA name. Raises ValueError, "reason; remedy"."""
    from zoneinfo import ZoneInfo, available_timezones  # what the daemon itself never needs

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        known = sorted(available_timezones())
    if not known:
        raise ValueError("cannot be looked up: this machine has no time zones; apt-get install tzdata")
    near = get_close_matches(name, known, 1, 0.8) or ["an IANA name such as Europe/London"]
    raise ValueError(f"is no time zone; write {near[0]}, or leave it out for UTC")


class LocalTime:
    """RFC 3339 with the offset that the zone has at that time, so that it can be given to --since; UTC without a zone."""

    def __init__(self, name: str | None = None) -> None:
        self._zone = None if name is None else zone(name)

    def __call__(self, time: int) -> str:
        """Of microseconds UTC."""
        if self._zone is None:
            return rfc3339(time)
        try:
            local = (_EPOCH + timedelta(microseconds=time)).astimezone(self._zone)
        except OverflowError:  # at both ends of the calendar
            return rfc3339(time)
        return local.isoformat(timespec="microseconds")

    def of(self, told: object) -> str:
        """Of a time as JSON has it; "-" for null."""
        return "-" if told is None else self(microseconds(str(told)))
