"""All finders side by side: one that fails, or hangs, is told in one line, and the others go on."""

import asyncio
from collections.abc import Sequence

from gateway.discover.finding import Finder, Report

GRACE_SECONDS = 12.0
"""What was begun when the time is over may take so long to be ended."""


async def run(finders: Sequence[Finder], report: Report, seconds: float) -> int:
    """Let them look for so long; how many of them failed."""
    until = asyncio.get_running_loop().time() + seconds
    failed = await asyncio.gather(*(_failed(finder, report, until) for finder in finders))
    return sum(failed)


async def _failed(finder: Finder, report: Report, until: float) -> bool:
    limit = asyncio.timeout_at(until + GRACE_SECONDS)
    try:
        async with limit:
            await finder.find(report, until)
    except Exception as error:  # a fault of one finder is no reason to forget what the others find
        report.say(finder.name, "took too long and was ended" if limit.expired() else _reason(error))
        return True
    return False


def _reason(error: Exception) -> str:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, (OSError, LookupError, ValueError)):
        return " ".join(str(error).split()) or type(error).__name__
    return f"failed by a fault of its own: {type(error).__name__}: {error}"
