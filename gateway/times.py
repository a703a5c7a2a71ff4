"""Times as text."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rfc3339(microseconds: int) -> str:
    """RFC 3339 in UTC with six decimals: 2026-05-01T12:00:00.000000Z."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def microseconds(text: str) -> int:
    """RFC 3339 with an offset, or epoch seconds. Raises ValueError for anything else."""
    try:
        return round(float(text) * 1_000_000)
    except ValueError:
        moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text} has no time zone; end it with Z or an offset such as +01:00")
    return (moment - _EPOCH) // timedelta(microseconds=1)
