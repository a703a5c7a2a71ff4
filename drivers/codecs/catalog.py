"""Every codec by the kind of its device. An entry makes it known to `waypost decode`, to the recordings under tests/data
and to `make fuzz`, which all go through this list.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from drivers.codecs import (
    fix_message_decode,
    gpsd_decode,
    gpsd_session,
    gt06_session,
    h02_session,
    impinj,
    impinj_decode,
    impinj_session,
    json_fixes,
    json_mapping,
    json_scans,
    llrp_decode,
    llrp_session,
    m100,
    m100_session,
    mercury,
    mercury_session,
    meshtastic,
    message_decode,
    module_decode,
    nmea_decode,
    nmea_session,
    osmand_session,
    owntracks,
    owntracks_http,
    owntracks_session,
    queclink_session,
    rfd,
    scanner,
    ssi,
    ssi_session,
    teltonika_session,
    tracker_datagrams,
    tracker_decode,
    tsl,
    tsl_session,
    uhfreader,
    uhfreader_session,
    wedge,
    zebra,
)
from drivers.codecs.json_fixes import FixPlaces
from drivers.codecs.json_mapping import Places
from drivers.codecs.json_scans import ScanPlaces
from drivers.codecs.llrp_setup import Reading
from drivers.codecs.message_session import MessageSession
from drivers.codecs.module_decode import Describe
from drivers.codecs.module_frames import Frames
from drivers.codecs.reader_clock import ReaderClock
from drivers.codecs.stream_session import StreamSession
from drivers.codecs.topics import TopicFilter
from drivers.codecs.tracker_session import TrackerSession

Decode = Callable[[bytes], Iterator[Mapping[str, object]]]
"""Bytes, or lines of hex or JSON, to one JSON-able object per tag ("tag"), per fix ("lat"), per other message, and per "error"."""


@dataclass(frozen=True, slots=True)
class StreamCodec:
    """Of a device with a byte stream.

    session  a new connection, as a driver opens it at 0 s with the fewest settings
    frames   how the stream is cut, both directions of it; None where a damaged stream ends
    """

    decode: Decode
    session: Callable[[], StreamSession]
    frames: Callable[[], Frames] | None = None


@dataclass(frozen=True, slots=True)
class MessageCodec:
    """Of a device that talks by messages.

    session  a new device, with the fewest settings;  topic  of a message that it understands
    """

    decode: Decode
    session: Callable[[], MessageSession]
    topic: str


@dataclass(frozen=True, slots=True)
class TrackerCodec:
    """Of trackers that call us.

    session    a new connection;  midway: one that has said who it is
    datagrams  all those of a port, where the protocol has them
    """

    decode: Decode
    session: Callable[[], TrackerSession]
    midway: Callable[[], TrackerSession]
    datagrams: Callable[[], TrackerSession] | None = None


Codec = StreamCodec | MessageCodec | TrackerCodec


def _module(
    frames: Callable[[], Frames], describe: Describe, session: Callable[[], StreamSession]
) -> StreamCodec:
    return StreamCodec(partial(module_decode.decode_lines, frames=frames, describe=describe), session, frames)


_ANYWHERE = Places("tag", "items", "time", "{antenna}", "rssi", "count", "phase", "channel")
_FIXES = FixPlaces(
    "lat", "lon", "{tracker}", "items", "time", "alt", "speed", "course", "accuracy", "satellites", "valid",
    {"battery_mv": "battery"},
)  # fmt: skip
_SCANS = ScanPlaces("code", "items", "time", "symbology", "{operator}")

CODECS: Mapping[str, Codec] = {
    "gpsd": StreamCodec(gpsd_decode.decode_lines, lambda: gpsd_session.Session("tracker:gps", {}, 0.0)),
    "gt06": TrackerCodec(
        partial(tracker_decode.decode_lines, stream=gt06_session.begun),
        gt06_session.Session,
        partial(gt06_session.Session, tracker="350000000000000"),
    ),
    "h02": TrackerCodec(
        partial(tracker_decode.decode_lines, stream=h02_session.begun),
        h02_session.Session,
        partial(h02_session.Session, tracker="350000000000000"),
        partial(tracker_datagrams.Datagrams, h02_session.Session),
    ),
    "impinj": MessageCodec(impinj_decode.decode_lines, impinj.Session, "rfid/dock1"),
    "impinj-http": StreamCodec(
        impinj_decode.decode_lines,
        lambda: impinj_session.Session(b"", "root", "reader", ReaderClock(), 0.0),
    ),
    "json": MessageCodec(
        partial(message_decode.decode_lines, describe=json_mapping.describe),
        lambda: json_mapping.Session(TopicFilter("readers/{antenna}/tags"), _ANYWHERE, json_mapping.Units()),
        "readers/1/tags",
    ),
    "json-fixes": MessageCodec(
        partial(message_decode.decode_lines, describe=json_mapping.describe),
        lambda: json_fixes.Session(TopicFilter("trackers/{tracker}"), _FIXES, json_fixes.FixUnits(), "own"),
        "trackers/7",
    ),
    "json-scans": MessageCodec(
        partial(message_decode.decode_lines, describe=json_mapping.describe),
        lambda: json_scans.Session(
            TopicFilter("scanners/{operator}"), _SCANS, json_scans.ScanUnits(), "EMP-"
        ),
        "scanners/7",
    ),
    "llrp": StreamCodec(
        llrp_decode.decode_lines, lambda: llrp_session.Session(Reading(), 1_774_682_420_000_000, 0.0)
    ),
    "m100": _module(m100.frames, m100.describe, lambda: m100_session.Session(m100_session.Setup(), 0.0)),
    "meshtastic": MessageCodec(
        partial(fix_message_decode.decode_lines, describe=meshtastic.described),
        meshtastic.Session,
        "msh/EU_868/2/json/LongFast/!7efeb2c8",
    ),
    "mercury": _module(
        mercury.both_frames,
        mercury.describe,
        lambda: mercury_session.Session(mercury_session.Setup("eu3"), 0.0),
    ),
    "nmea": StreamCodec(nmea_decode.decode_lines, lambda: nmea_session.Session("tracker:gps", 0.0)),
    "queclink": TrackerCodec(
        partial(tracker_decode.decode_lines, stream=queclink_session.begun),
        queclink_session.Session,
        partial(queclink_session.Session, tracker="350000000000000"),
        partial(tracker_datagrams.Datagrams, queclink_session.Session),
    ),
    "osmand": TrackerCodec(osmand_session.decode_lines, osmand_session.Session, osmand_session.Session),
    "owntracks": MessageCodec(
        partial(fix_message_decode.decode_lines, describe=owntracks.described),
        owntracks_session.Session,
        "owntracks/jane/phone",
    ),
    "owntracks-http": TrackerCodec(
        owntracks_http.decode_lines, owntracks_http.Session, owntracks_http.Session
    ),
    "rfd": MessageCodec(
        partial(message_decode.decode_lines, describe=rfd.describe, session=rfd.Session),
        rfd.Session,
        "zebra/DATA/clients/data1event/RFD40-1",
    ),
    "tsl": StreamCodec(tsl.decode_lines, lambda: tsl_session.Session(tsl_session.Setup(), 0.0), tsl.frames),
    "scanner": StreamCodec(scanner.decode_lines, lambda: scanner.Session(scanner.Setup(), 0.0)),
    "ssi": StreamCodec(ssi.decode_lines, lambda: ssi_session.Session(ssi_session.Setup(), 0.0), ssi.frames),
    "teltonika": TrackerCodec(
        partial(
            tracker_decode.decode_lines,
            stream=teltonika_session.begun,
            datagrams=teltonika_session.apart,
        ),
        teltonika_session.Session,
        partial(teltonika_session.Session, tracker="350000000000000"),
        teltonika_session.Datagrams,
    ),
    "uhfreader": _module(
        uhfreader.frames,
        uhfreader.describe,
        lambda: uhfreader_session.Session(uhfreader_session.Setup(), 0.0),
    ),
    "wedge": StreamCodec(wedge.decode_lines, lambda: wedge.Session("a scanner", None, 0.0)),
    "zebra": MessageCodec(
        partial(message_decode.decode_lines, describe=zebra.describe, session=zebra.Session),
        zebra.Session,
        "zebra/reader/data",
    ),
}
