"""A device's clock that is known to be wrong: its times as they should be. The journal keeps them as they came."""

from dataclasses import replace

import numpy as np

from core.events import EARLIEST, LATEST
from core.records import Body, Fixes, Gpi, Reads, Scan


def corrected(body: Body, offset: int) -> Body:
    """Reads, fixes, scans and changes of inputs `offset` microseconds later; all else is dated by the gateway and stays.

    Times end where RFC 3339 does.
    """
    if not offset:
        return body
    if isinstance(body, Reads | Fixes):
        return replace(body, time=np.clip(body.time + offset, EARLIEST, LATEST))
    if isinstance(body, Gpi | Scan):
        return replace(body, time=min(max(body.time + offset, EARLIEST), LATEST))
    return body
