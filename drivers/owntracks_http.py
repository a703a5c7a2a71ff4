"""Phones with OwnTracks in its HTTP mode."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from drivers.codecs.owntracks_http import PORT, Session
from drivers.http_road import HttpRoad

Phone = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")]


class OwnTracksHttp(HttpRoad):
    """All of them that post to one port.

    url       listen://0.0.0.0:8083
    trackers  user/device of each
    """

    usual_ports = (PORT, PORT)
    codec = Session
    kind: Literal["owntracks-http"] = "owntracks-http"
    trackers: tuple[Phone, ...] | None = Field(default=None, max_length=10_000)
