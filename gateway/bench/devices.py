"""How fast the codecs of serial modules and scanners are, held against what their lines can carry; CPU time of this process."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.records import Reads, Scan
from drivers.codecs import (
    gs1_keys,
    m100,
    m100_session,
    mercury,
    mercury_session,
    scanner,
    ssi,
    ssi_session,
    tsl,
    tsl_session,
    uhfreader,
    uhfreader_session,
)
from drivers.codecs.stream_session import StreamSession
from gateway.bench.codec import START
from gateway.bench.rows import Row

TARGET = 20.0
"""So many times the rate of the line."""

_TAGS = 500
_ROUNDS = 20
_RECEIVED = 1024
_BITS_PER_BYTE = 10  # start, 8 data, stop


@dataclass(frozen=True, slots=True)
class Module:
    """A codec: `frame` is what its device says of an EPC, `baud` the highest rate of its line."""

    name: str
    baud: int
    session: Callable[[], StreamSession]
    frame: Callable[[bytes], bytes]


def _pallet(epc: bytes) -> bytes:
    """A label of 20 digits, the shortest that is checked as GS1 is: the most of them fit the line."""
    digits = f"{int.from_bytes(epc):017}"
    return f"00{digits}{gs1_keys.check_digit(digits)}".encode()


MODULES = (
    Module(
        "m100",
        m100.FASTEST_BAUD,
        lambda: m100_session.Session(m100_session.Setup(), 0.0),
        lambda epc: m100.tag_notice(m100.Tag(epc, -60, 0x3000, 0x1234)),
    ),
    Module(
        "mercury",
        mercury.FASTEST_BAUD,
        lambda: mercury_session.Session(mercury_session.Setup("na"), 0.0),
        lambda epc: mercury.streamed(mercury.Tag(epc, 1, -60, 1, 915_250, 1.0, 123)),
    ),
    Module(
        "scanner",
        scanner.FASTEST_BAUD,
        lambda: scanner.Session(scanner.Setup(), 0.0),
        lambda epc: b"]C1" + _pallet(epc) + b"\r\n",
    ),
    Module(
        "ssi",
        ssi.FASTEST_BAUD,
        lambda: ssi_session.Session(ssi_session.Setup(), 0.0),
        lambda epc: ssi.codes(_pallet(epc), 0x0F)[0],
    ),
    Module(
        "tsl",
        tsl.FASTEST_BAUD,
        lambda: tsl_session.Session(tsl_session.Setup(), 0.0),
        lambda epc: b"EP: %s\r\nPC: 3000\r\nCR: 4E21\r\nRI: -61\r\n" % epc.hex().upper().encode(),
    ),
    Module(
        "uhfreader",
        uhfreader.FASTEST_BAUD,
        lambda: uhfreader_session.Session(uhfreader_session.Setup(), 0.0),
        lambda epc: uhfreader.frame(0, uhfreader.INVENTORY, b"\3\1\1\14" + epc + b"\x60"),
    ),
)


def devices(seconds: float) -> Iterator[Row]:
    """One row for each."""
    for module in MODULES:
        stream = b"".join(module.frame(tag.to_bytes(12)) for tag in range(1, _TAGS + 1)) * _ROUNDS
        reads, spent = decoded(module, stream, seconds / len(MODULES))
        tags_per_second = module.baud / _BITS_PER_BYTE * _TAGS * _ROUNDS / len(stream)
        yield Row(
            f"devices {module.name}",
            "bytes to reads, against the line",
            reads / spent / tags_per_second,
            "x line",
            f"{reads / spent:,.0f} reads/s; at {module.baud} baud come at most {tags_per_second:,.0f}; CPU",
            TARGET,
        )


def decoded(module: Module, stream: bytes, seconds: float) -> tuple[int, float]:
    """How many reads, and the CPU seconds for them, in pieces as a port gives them."""
    reads, spent = 0, 0.0
    while spent < seconds or not reads:
        session = module.session()
        session.info = "measured"  # as if it had been set up
        began = time.process_time()
        for at in range(0, len(stream), _RECEIVED):
            for said in session.receive(stream[at : at + _RECEIVED], START, 0.0):
                reads += len(said) if isinstance(said, Reads) else isinstance(said, Scan)
        spent += time.process_time() - began
    return reads, spent
