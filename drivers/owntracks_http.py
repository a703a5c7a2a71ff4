"""Phones with OwnTracks in its HTTP mode."""

from typing import Literal

from drivers.codecs.owntracks_http import PORT, Session
from drivers.http_road import HttpRoad


class OwnTracksHttp(HttpRoad):
    """All of them that post to one port.

    url       listen://0.0.0.0:8083
    trackers  user/device of each
    """

    usual_ports = (PORT, PORT)
    codec = Session
    kind: Literal["owntracks-http"] = "owntracks-http"
