"""What truly happens in a GPS world, as JSON: places, assets, their stays and their ways."""

from collections.abc import Iterable

import numpy as np

from core.events import rfc3339
from simulators.clock import SECOND
from simulators.gps_world import GpsWorld
from simulators.land import Circle, Land


def gps_truth(world: GpsWorld, every: float = 10.0) -> dict[str, object]:
    """One object; times are RFC 3339 with six decimals, ways have a true position each `every` seconds."""
    return {
        "places": _circles(world.land, world.land.places),
        "tunnels": _circles(world.land, world.land.tunnels),
        "canyons": _circles(world.land, world.land.canyons),
        "assets": [
            {"asset": one.id, "kind": one.kind, "way": _way(world, one.id, every)}
            for one in world.assets.values()
        ],
        "stays": [
            {
                "asset": stay.asset,
                "place": stay.place,
                "entered": None if stay.entered is None else rfc3339(stay.entered),
                "left": None if stay.left is None else rfc3339(stay.left),
            }
            for stay in world.stays()
        ],
    }


def _circles(ground: Land, circles: Iterable[Circle]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for one in circles:
        lat, lon = ground.frame.degrees(np.array([one.centre[0]]), np.array([one.centre[1]]))
        found.append(
            {
                "id": one.id,
                "lat": round(float(lat[0]), 7),
                "lon": round(float(lon[0]), 7),
                "radius_m": one.radius,
            }
        )
    return found


def _way(world: GpsWorld, asset: str, every: float) -> list[tuple[str, float, float]]:
    time = np.arange(world.scenario.start, world.end, round(every * SECOND), dtype=np.int64)
    at = world.truth(asset, time)
    lat, lon = world.land.frame.degrees(at.east, at.north)
    rows = zip(time.tolist(), lat.round(7).tolist(), lon.round(7).tolist(), strict=True)
    return [(rfc3339(when), north, east) for when, north, east in rows]
