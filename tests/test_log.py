"""The daemon's log: lines for people, for journald, and as JSON."""

import json
import logging
import sys

from gateway.log import Json, text


def record(level: int, message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("gateway.app", level, __file__, 1, message, values, None)


def test_json_lines_hold_time_level_and_message() -> None:
    one = record(logging.WARNING, "%s: down: %s", "door1", "reset by peer")
    one.created = 1.5
    assert json.loads(Json().format(one)) == {
        "time": "1970-01-01T00:00:01.500000Z",
        "level": "warning",
        "message": "door1: down: reset by peer",
        "error": None,
    }


def test_a_traceback_stays_in_its_line() -> None:
    one = record(logging.ERROR, "a fault")
    try:
        raise KeyError("oops")
    except KeyError:
        one.exc_info = sys.exc_info()
    line = Json().format(one)
    assert "\n" not in line
    assert "KeyError: 'oops'" in json.loads(line)["error"]


def test_journald_gets_the_priority_and_no_time() -> None:
    one = record(logging.ERROR, "first\nsecond")
    assert text({"JOURNAL_STREAM": "8:1"}).format(one) == "<3>first\n<3>second"
    assert text({}).format(one).endswith("ERROR   first\nsecond")
