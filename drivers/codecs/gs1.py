"""GS1 element strings and Digital Link URIs to application identifiers and their values.

GS1 General Specifications 7.8 (element strings, FNC1 as 0x1D), GS1 Digital Link Standard: URI Syntax. Which application
identifiers there are and what they may hold is known to biip; its own parsers are the oracle of the tests. The walk is
ours, since theirs accepts a wrong check digit unless one looks for its error, checks none but those of GTIN, SSCC and
GLN, takes what runs together where a separator is missing, and does not reach 20 times what a line of 115,200 baud
carries. Importing this module takes 20 MB for biip's tables: see label.py.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from urllib.parse import parse_qsl, unquote, urlsplit

from biip import ParseError
from biip.gs1_application_identifiers import GS1ApplicationIdentifier

from drivers.codecs.gs1_keys import GTIN_DIGITS, GTIN_LENGTHS, KEYS, Elements, verify

GS = "\x1d"
"""How a scanner sends FNC1 between two elements."""

_LONGEST_IDENTIFIER = 4
_KNOWN = 1024
_SHOWN = 40
_HRI = re.compile(r"\((\d{2,4})\)([^(]+)", re.ASCII)


class Malformed(ValueError):
    """No element strings, or no Digital Link; the text says why."""


def element_string(data: str) -> Elements:
    """What a GS1 symbol holds; a separator too much, at either end too, does no harm.

    Raises Malformed, and WrongCheckDigit.
    """
    found: list[tuple[str, str]] = []
    at, end = 0, len(data)
    while at < end:
        if data[at] == GS:
            at += 1
            continue
        stop = data.find(GS, at)
        name, value, at = _element(data, at, end if stop < 0 else stop)
        found.append((name, value))
    return _checked(tuple(found))


def human_readable(text: str) -> Elements:
    """Elements as they are printed below a symbol: "(01)09506000134352(21)123". Raises as `element_string` does."""
    parts = _HRI.findall(text)
    if "".join(f"({name}){value}" for name, value in parts) != text:
        raise Malformed(f"{_short(text)} is not of the form (01)09506000134352(21)123")
    return _checked(tuple(_pair(name, value) for name, value in parts))


def digital_link(uri: str) -> Elements:
    """The key of a URI of any host, what qualifies it in any order, and its data. Raises as `element_string` does."""
    try:
        parts = urlsplit(uri)
    except ValueError as error:
        raise Malformed(f"{_short(uri)} is no URI: {error}") from None
    segments = parts.path.split("/")
    first = next((at for at, segment in enumerate(segments) if segment in KEYS), len(segments))
    return _checked(_path("/".join(["", *segments[first:]])) + tuple(_data(parts.query)))


def path_elements(path: str) -> Elements:
    """The same of its path by itself, as tags have it, with a query or without. Raises as `element_string` does."""
    path, _, query = path.partition("?")
    return _checked(_path(path) + tuple(_data(query)))


def _path(path: str) -> Elements:
    segments = path.rstrip("/").split("/")[1:]
    if not segments or len(segments) % 2 or segments[0] not in KEYS:
        raise Malformed(f"{_short(path)} is no key with its qualifiers")
    return tuple(
        _pair(name, unquote(value)) for name, value in zip(segments[::2], segments[1::2], strict=True)
    )


def _data(query: str) -> Iterator[tuple[str, str]]:
    """What else a URI tells of the thing; other parameters, and keys, which have their place in the path, are not ours."""
    for name, value in parse_qsl(query):
        if name not in KEYS:
            with suppress(Malformed):
                yield _pair(name, value)


def _pair(name: str, value: str) -> tuple[str, str]:
    """An element whose parts stand apart; a GTIN may be as short as it is printed."""
    if name == "01" and value.isascii() and value.isdigit() and len(value) in GTIN_LENGTHS:
        value = value.zfill(GTIN_DIGITS)
    text = name + value
    found = _element(text, 0, len(text))
    if found != (name, value, len(text)):
        raise Malformed(f"({name}) may not hold {_short(value)}")
    return name, value


def _element(data: str, at: int, stop: int) -> tuple[str, str, int]:
    """Identifier and value of the element that begins there, and where it ends; the next separator is at `stop`."""
    known = _identifier(data[at : min(at + _LONGEST_IDENTIFIER, stop)])
    if known is None:
        raise Malformed(f"no application identifier begins with {_short(data[at:stop])}")
    name, value, is_ended_by_length = known
    match = (value.match if is_ended_by_length else value.fullmatch)(data, at + len(name), stop)
    if match is None:
        raise Malformed(f"({name}) may not hold {_short(data[at + len(name) : stop])}")
    return name, match[0], match.end()


@lru_cache(maxsize=_KNOWN)
def _identifier(start: str) -> tuple[str, re.Pattern[str], bool] | None:
    """The application identifier that `start` begins with: its name, its value, and whether that has a fixed length.

    No identifier is the beginning of another one, so four characters tell it.
    """
    try:
        found = GS1ApplicationIdentifier.extract(start)
    except ParseError:
        return None
    pattern = found.pattern.removeprefix(f"^{found.ai}").removesuffix("$")
    return found.ai, re.compile(pattern, re.ASCII), not found.separator_required


def _checked(elements: Elements) -> Elements:
    named = dict(elements)
    for name, value in elements:
        if named[name] != value:
            raise Malformed(f"({name}) stands there twice, as {_short(value)} and as {_short(named[name])}")
    verify(elements)
    return elements


def _short(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")
