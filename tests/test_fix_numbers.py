"""Numbers that no receiver means: they cost themselves alone, and nothing that goes to the daemon is without end."""

import numpy as np
import pytest

from core.records import Dictionary, Fix, Fixes, fixes, rows_of
from drivers.codecs import tracker_columns
from drivers.codecs.gpsd_session import Session as GpsdSession
from drivers.codecs.h02_session import Session as H02Session
from drivers.codecs.nmea_session import Session as NmeaSession
from tests.nmea_text import GGA, LAT, RMC, one, stream

HUGE = "9" * 50
HUGE_H02 = b"*HQ,4970105243,V1,104000,A,2235.1777,N,11357.8913,E,%s,235,221126,FFFFFBFF#" % (b"9" * 400)


def columns(fix: Fix) -> Fixes:
    """As it goes to the daemon."""
    return fixes(Dictionary(), [fix])


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (GGA.replace(",08,", ",99999,"), "satellites"),
        (GGA.replace(",08,", f",{HUGE},"), "satellites"),
        (GGA.replace("464.4", HUGE), "alt"),
        (GGA.replace("464.4", f"-{HUGE}"), "alt"),
        (RMC.replace("10.0", HUGE), "speed"),
        (f"GPGST,101112.00,,,,,{HUGE},{HUGE},", "accuracy"),
    ],
)
def test_a_receiver(body: str, name: str) -> None:
    (told,) = rows_of(columns(one(RMC if body[2:5] != "RMC" else GGA, body)))
    assert told.lat == pytest.approx(LAT)
    assert getattr(told, name) == -1 or not np.isfinite(getattr(told, name))
    assert not np.isinf([told.alt, told.speed, told.accuracy]).any()


def test_a_receiver_goes_on() -> None:
    session = NmeaSession("tracker:1", 0.0)
    said = session.receive(
        stream(GGA.replace(",08,", ",99999,"), RMC, GGA.replace("101112", "101113")), 0, 0.0
    )
    assert [body.satellites.tolist() for body in said if isinstance(body, Fixes)] == [[-1]]


def test_gpsd() -> None:
    session = GpsdSession("tracker:1", {}, 0.0)
    report = (
        b'{"class":"TPV","mode":3,"time":"2026-03-21T10:11:12Z","lat":48.5,"lon":11.5,"speed":1e200,"altMSL":-1e299,'
        b'"track":1e40,"eph":1e60}\n'
    )
    session.receive(report, 0, 0.0)
    (told,) = (body for body in session.timeout(0, 1.0) if isinstance(body, Fixes))
    assert told.lat.tolist() == [48.5]
    assert np.isnan([told.speed, told.alt, told.course, told.accuracy]).all()


def test_h02() -> None:
    (report,) = H02Session().receive(HUGE_H02, 0)
    (told,) = rows_of(tracker_columns.fixes(Dictionary(), [("1", report.positions)]))
    assert told.lat == pytest.approx(22.586295)
    assert np.isnan(told.speed)
