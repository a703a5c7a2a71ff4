"""What receivers of several makers write about one instant: which sentences, in which order, by which talkers."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drivers.codecs.nmea_fields import KNOT
from drivers.codecs.nmea_frames import sentence
from simulators.receiver import KMH, Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Instant:
    """What a receiver knows: its own time (microseconds UTC), and a place or none."""

    time: int
    place: Place | None


@dataclass(frozen=True, slots=True)
class Dialect:
    """sentences  talker and kind, in their order;  rate  of fixes, 1/s;  decimals  of minutes, and of seconds"""

    sentences: tuple[str, ...]
    rate: float = 1.0
    decimals: int = 4
    fraction: int = 2
    baud: int = 9600

    @property
    def period(self) -> int:
        """Microseconds between two fixes."""
        return round(1_000_000 / self.rate)

    def write(self, known: Instant) -> bytes:
        """The sentences about it."""
        return b"".join(sentence(_WRITERS[name[-3:]](self, name, known)) for name in self.sentences)

    def time(self, known: Instant) -> str:
        """hhmmss and as many decimals."""
        text = f"{_clock(known):%H%M%S}"
        return f"{text}.{known.time % 1_000_000:06d}"[: 7 + self.fraction] if self.fraction else text

    def position(self, place: Place) -> str:
        """Four fields."""
        lat, lon = _minutes(place.lat, 2, self.decimals), _minutes(place.lon, 3, self.decimals)
        return f"{lat},{'NS'[place.lat < 0]},{lon},{'EW'[place.lon < 0]}"


def _minutes(degrees: float, width: int, decimals: int) -> str:
    units = round(abs(degrees) * 60 * 10**decimals)
    whole, rest = divmod(units, 60 * 10**decimals)
    return f"{whole:0{width}d}{rest / 10**decimals:0{3 + decimals}.{decimals}f}"


def _number(value: float, decimals: int) -> str:
    """Nothing where it is not known."""
    return "" if math.isnan(value) else f"{value:.{decimals}f}"


def _clock(known: Instant) -> datetime:
    return _EPOCH + timedelta(microseconds=known.time)


def _rmc(dialect: Dialect, name: str, known: Instant) -> str:
    day = f"{_clock(known):%d%m%y}"
    if known.place is None:
        return f"{name},{dialect.time(known)},V,,,,,,,{day},,,N"
    knots = _number(known.place.speed / KNOT, 3)
    course = _number(known.place.course, 2) if known.place.moving else ""
    where = dialect.position(known.place)
    return f"{name},{dialect.time(known)},A,{where},{knots},{course},{day},,,A"


def _gga(dialect: Dialect, name: str, known: Instant) -> str:
    if known.place is None:
        return f"{name},{dialect.time(known)},,,,,0,00,99.99,,,,,,"
    where, height = dialect.position(known.place), f"{known.place.alt:.1f},M,47.0,M,,"
    return (
        f"{name},{dialect.time(known)},{where},1,{known.place.satellites:02d},{known.place.hdop:.1f},{height}"
    )


def _gll(dialect: Dialect, name: str, known: Instant) -> str:
    if known.place is None:
        return f"{name},,,,,{dialect.time(known)},V,N"
    return f"{name},{dialect.position(known.place)},{dialect.time(known)},A,A"


def _gns(dialect: Dialect, name: str, known: Instant) -> str:
    if known.place is None:
        return f"{name},{dialect.time(known)},,,,,NN,00,99.99,,,,"
    where, height = dialect.position(known.place), f"{known.place.alt:.1f},47.0,,"
    return f"{name},{dialect.time(known)},{where},AA,{known.place.satellites:02d},{known.place.hdop:.1f},{height}"


def _vtg(dialect: Dialect, name: str, known: Instant) -> str:
    if known.place is None:
        return f"{name},,T,,M,,N,,K,N"
    course, speed = _number(known.place.course, 2), known.place.speed
    return f"{name},{course},T,,M,{_number(speed / KNOT, 3)},N,{_number(speed * KMH, 3)},K,A"


def _gsa(dialect: Dialect, name: str, known: Instant) -> str:
    if known.place is None:
        return f"{name},A,1,,,,,,,,,,,,,99.99,99.99,99.99"
    return f"{name},A,3,02,05,07,09,13,15,18,20,29,,,,1.7,{known.place.hdop:.1f},1.4"


def _gsv(dialect: Dialect, name: str, known: Instant) -> str:
    return f"{name},1,1,04,02,36,145,41,05,74,261,44,07,12,330,33,09,05,021,28"


def _gst(dialect: Dialect, name: str, known: Instant) -> str:
    if known.place is None:
        return f"{name},{dialect.time(known)},,,,,,,"
    return f"{name},{dialect.time(known)},12.0,2.5,1.9,31.0,2.0,1.5,4.2"


def _zda(dialect: Dialect, name: str, known: Instant) -> str:
    return f"{name},{dialect.time(known)},{_clock(known):%d,%m,%Y},00,00"


_WRITERS: dict[str, Callable[[Dialect, str, Instant], str]] = {
    "RMC": _rmc,
    "GGA": _gga,
    "GLL": _gll,
    "GNS": _gns,
    "VTG": _vtg,
    "GSA": _gsa,
    "GSV": _gsv,
    "GST": _gst,
    "ZDA": _zda,
}


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


DIALECTS = {
    "u-blox": Dialect(_names("GNRMC GNVTG GNGGA GNGSA GNGSA GPGSV GLGSV GNGLL"), decimals=5),
    "u-blox 10 Hz": Dialect(_names("GNGNS GNRMC GNGST"), rate=10, decimals=7, baud=115200),
    "SiRF": Dialect(_names("GPGGA GPGLL GPGSA GPGSV GPRMC GPVTG"), fraction=3, baud=4800),
    "MediaTek 5 Hz": Dialect(_names("GPGGA GPGSA GPGSV GPRMC GPVTG"), rate=5, fraction=3, baud=38400),
    "marine": Dialect(_names("IIGLL IIZDA GPGSA IIVTG"), fraction=0, decimals=5, baud=4800),
    "timing": Dialect(_names("GPZDA GPGGA GPGSV"), fraction=0),
    "plain": Dialect(_names("GPRMC"), fraction=0),
}
"""By what they are like."""
