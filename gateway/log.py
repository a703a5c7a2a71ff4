"""The daemon's log: lines on stderr, which systemd collects."""

import json
import logging
import os
import sys
from collections.abc import Mapping

from core.events import rfc3339

_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _Journald(logging.Formatter):
    """Each line begins with <priority>, sd-daemon(3); journald adds the time."""

    def format(self, record: logging.LogRecord) -> str:
        mark = f"<{_PRIORITY.get(record.levelno, 6)}>"
        return "\n".join(mark + line for line in super().format(record).splitlines())


class Json(logging.Formatter):
    """One object per line: time, level, message, and error, the traceback of a fault or null."""

    def format(self, record: logging.LogRecord) -> str:
        error = None if record.exc_info is None else self.formatException(record.exc_info)
        row = {
            "time": rfc3339(round(record.created * 1e6)),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "error": error,
        }
        return json.dumps(row, ensure_ascii=False)


def text(environment: Mapping[str, str] = os.environ) -> logging.Formatter:
    """For people, with the time unless journald writes it."""
    if "JOURNAL_STREAM" in environment:
        return _Journald("%(message)s")
    return logging.Formatter("%(asctime)s %(levelname)-7s %(message)s")


def to_stderr(formatter: logging.Formatter) -> None:
    """One line per change of state."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
