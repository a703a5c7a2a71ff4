"""Scanners and handhelds: what a person carries, and who that is."""

from pydantic import Field

from drivers.base import Settings


class Carried(Settings):
    """What their settings have in common: what they tell is in the zone of whoever has them in hand, and told at once.

    badge  codes that begin with it are badges, and name who scans from then on
    """

    badge: str | None = Field(default=None, min_length=1, max_length=64)
    handheld: bool = True
    lateness: float = Field(default=0.0, ge=0, le=60)
