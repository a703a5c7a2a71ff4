"""What a gateway does for a database that cannot do it by itself: sums of new rows, and rows that are too old.

All of it is the function `waypost.upkeep`, which takes a bounded step and lets one gateway at a time do it, and which
has nothing to do in the edition `timescaledb`.
"""

from dataclasses import dataclass

from gateway.sinks.timescale.connection import Connection

STEP = 10_000
"""Rows that one step adds to the sums at most, and rows of each table that it deletes at most."""


@dataclass(frozen=True, slots=True)
class Upkept:
    """How many rows one step added to the sums, and how many it deleted."""

    summed: int
    expired: int

    @property
    def more(self) -> bool:
        """There may be more to do at once."""
        return self.summed >= STEP or self.expired >= STEP


async def upkeep(connection: Connection) -> Upkept:
    """One step. Raises Lost, Refused and Poisoned as every statement."""
    ((summed, expired),) = await connection.fetch(
        "SELECT summed, expired FROM waypost.upkeep(%(most)b::bigint)", {"most": str(STEP)}
    )
    return Upkept(summed, expired)
