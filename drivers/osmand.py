"""Phones that speak OsmAnd's protocol: Traccar Client, OsmAnd, GPSLogger and others."""

from typing import Literal

from drivers.codecs.osmand_session import PORT, Session
from drivers.http_road import HttpRoad


class OsmAnd(HttpRoad):
    """All of them that call one port.

    url  listen://0.0.0.0:5055
    """

    usual_ports = (PORT, PORT)
    codec = Session
    kind: Literal["osmand"] = "osmand"
