"""What Impinj readers say, recorded and by hand."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.records import SECOND, Reads

DATA = Path(__file__).parent / "data" / "impinj"
GOOD = (DATA / "messages.jsonl").read_bytes().splitlines()
BAD = (DATA / "bad.jsonl").read_bytes().splitlines()
NOON = 1_775_131_200 * SECOND
"""2026-04-02T12:00:00Z."""
NOW = NOON + 20 * SECOND
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def at(second: float) -> str:
    """A time of the reader's, seconds after noon."""
    return f"2026-04-02T12:00:{second:09.6f}Z"


def tag(second: float, epc: str = "E280", **more: object) -> dict[str, object]:
    return {"tagInventoryEvent": {"epcHex": epc, "lastSeenTime": at(second), **more}}


def status(state: str, second: float) -> dict[str, object]:
    return {"timestamp": at(second), "inventoryStatusEvent": {"status": state}}


def only_reads(found: Sequence[object]) -> Reads:
    (one,) = [one for one in found if isinstance(one, Reads)]
    return one


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def events(*several: Mapping[str, object]) -> bytes:
    return chunked(b"".join(json.dumps(one).encode() + b"\r\n" for one in several))
