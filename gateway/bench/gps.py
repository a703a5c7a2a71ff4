"""How fast positions are understood, held against what others need for the same bytes; CPU time of this process."""

import time
from collections.abc import Iterator

import pynmea2

from core.records import Fixes
from drivers.codecs.nmea_frames import sentence
from drivers.codecs.nmea_session import Session
from gateway.bench.rows import Row

TARGET = 0.7
"""Of the sentences that bare pynmea2 parses and reads in the same time."""

_BEGIN = 1_750_032_000_000_000
_EPOCHS = 300
_RECEIVED = 1024
_EPOCH = (
    "GNRMC,{time}.00,A,5348.{minutes:05d},N,00133.{minutes:05d},W,9.321,84.40,150625,,,A",
    "GNVTG,84.40,T,,M,9.321,N,17.262,K,A",
    "GNGGA,{time}.00,5348.{minutes:05d},N,00133.{minutes:05d},W,1,09,0.92,57.1,M,47.9,M,,",
    "GNGSA,A,3,02,05,07,09,13,15,18,20,29,,,,1.72,0.92,1.45",
    "GNGSA,A,3,65,72,73,75,84,85,,,,,,,1.72,0.92,1.45",
    "GPGSV,3,1,10,02,36,145,41,05,74,261,44,07,12,330,33,09,05,021,28",
    "GPGSV,3,2,10,13,52,282,45,15,27,306,36,18,42,181,46,20,68,108,38",
    "GLGSV,2,1,07,75,58,331,35,84,42,060,35,85,37,140,31,65,26,244,34",
    "GNGLL,5348.{minutes:05d},N,00133.{minutes:05d},W,{time}.00,A,A",
)
"""What a u-blox receiver says each second."""

_READ = {
    "RMC": ("timestamp", "status", "latitude", "longitude", "spd_over_grnd", "true_course", "datestamp"),
    "VTG": ("true_track", "spd_over_grnd_kts"),
    "GGA": (
        "timestamp", "latitude", "longitude", "gps_qual", "num_sats", "horizontal_dil", "altitude",
    ),
    "GSA": ("mode_fix_type", "hdop"),
    "GLL": ("latitude", "longitude", "timestamp", "status"),
}  # fmt: skip
"""The values that make a fix, by the names that pynmea2 has for them."""


def gps(seconds: float) -> Iterator[Row]:
    """All rows of this kind; `seconds` for each."""
    stream = b"".join(_epoch(second) for second in range(_EPOCHS))
    ours, bare = _rounds(stream, seconds)
    yield Row(
        "gps nmea",
        "NMEA merged to fixes, against bare pynmea2",
        ours / bare,
        "x",
        f"{ours:,.0f} sentences/s, {ours / len(_EPOCH):,.0f} fixes/s; pynmea2 alone parses and reads {bare:,.0f}/s; CPU",
        TARGET,
    )


def _epoch(second: int) -> bytes:
    clock = f"{second // 3600:02d}{second // 60 % 60:02d}{second % 60:02d}"
    return b"".join(sentence(text.format(time=clock, minutes=second * 7 + 1)) for text in _EPOCH)


def _rounds(stream: bytes, seconds: float) -> tuple[float, float]:
    """Sentences per second of ours and of the bare parser, in turns, so that both have the same machine."""
    sentences = _EPOCHS * len(_EPOCH)
    lines = stream.decode("ascii").splitlines()
    ours = bare = 0.0
    rounds = 0
    while ours + bare < seconds or not rounds:
        ours += _merged(stream)
        bare += _parsed(lines)
        rounds += 1
    return rounds * sentences / ours, rounds * sentences / bare


def _merged(stream: bytes) -> float:
    """CPU seconds from received bytes to columns."""
    session, fixes = Session("tracker:bench", 0.0), 0
    began = time.process_time()
    for at in range(0, len(stream), _RECEIVED):
        for said in session.receive(stream[at : at + _RECEIVED], _BEGIN, 0.0):
            fixes += len(said) if isinstance(said, Fixes) else 0
    spent = time.process_time() - began
    assert fixes >= _EPOCHS - 1, f"{fixes} of {_EPOCHS} fixes"
    return spent


def _parsed(lines: list[str]) -> float:
    """CPU seconds of pynmea2 for the same sentences: checksum, fields, and the values that make a fix."""
    began = time.process_time()
    for line in lines:
        said = pynmea2.parse(line)
        for name in _READ.get(said.sentence_type, ()):
            getattr(said, name)
    return time.process_time() - began
