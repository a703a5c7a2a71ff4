"""Phones on the road, which tell where they are by HTTP: what the settings of all of them have in common."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from pydantic import Field

from drivers.base import Fatal
from drivers.codecs.http_tracker import HttpSession
from drivers.codecs.tracker_session import Admits, TrackerSession
from drivers.road import Road
from drivers.secret import SecretName, reveal
from drivers.tracker_names import TrackerName


class HttpRoad(Road):
    """One port for all phones of a protocol.

    password  names the secret that everybody has to tell (RFC 7617), whatever the user; without it nobody is asked
    idle      a connection that rests between two requests costs a phone nothing when it is over
    """

    codec: ClassVar[type[HttpSession]]
    """What understands a connection."""

    trackers: tuple[TrackerName, ...] | None = Field(default=None, max_length=10_000)
    password: SecretName | None = None
    idle: float = Field(default=120.0, ge=60, le=604_800)

    def session(self, scheme: str) -> Callable[[Admits], TrackerSession]:
        """Of a connection; there are no datagrams. Raises Fatal."""
        if self.password is None:
            return self.codec
        try:
            return partial(self.codec, password=reveal(self.password))
        except LookupError as error:
            raise Fatal(f"its password is not there: {error}") from None
