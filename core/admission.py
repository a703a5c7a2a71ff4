"""Which tags count, and whose they are."""

from collections.abc import Sequence
from enum import IntEnum

from core.site import Item, Site, Source


class Refusal(IntEnum):
    """Why a read goes no further, as the (negative) code in the place of its cell."""

    NOISE = -2
    """A zero-length or all-zero EPC: a misread, never a tag."""
    FILTERED = -3
    """Outside `accept`, or inside `ignore`."""
    UNPLACED = -4
    """From an antenna that looks at no zone or portal of the configuration."""
    UNKNOWN = -5
    """A tag that no item owns, at a site that lists or counts such tags."""


def is_zero(tag: str) -> bool:
    """A zero-length or all-zero EPC."""
    return not tag.partition("/")[0].strip("0")


def company(tag: str) -> str | None:
    """The GS1 company prefix of an EPC in upper-case hex, None when it carries none (GS1 TDS 2.x, section 14)."""
    from epcpy import (  # only a site that filters by company pays for it
        ConvertException,
        hex_to_tag_encodable,
    )

    try:
        uri: str = hex_to_tag_encodable(tag.partition("/")[0]).epc_uri
    except (ConvertException, ValueError, NotImplementedError):
        return None
    return uri.rpartition(":")[2].partition(".")[0]


def _matches(tag: str, prefixes: Sequence[str]) -> bool:
    """Does a hex prefix ("3034") or a company prefix ("company:0614141") fit the tag?"""
    for prefix in prefixes:
        scheme, _, value = prefix.rpartition(":")
        if scheme == "company":
            if company(tag) == value:
                return True
        elif tag.startswith(prefix if scheme else prefix.upper()):
            return True
    return False


class Admission:
    """Decides once per new (source, tag); pure, so the answer may be cached for ever."""

    def __init__(self, site: Site) -> None:
        self._tags = site.tags
        self.items: dict[str, Item] = {tag: item for item in site.items for tag in item.tags}

    def refusal(self, source: Source, tag: str) -> Refusal | None:
        """Why reads of `tag` by `source` are not tracked; None if they are."""
        if is_zero(tag):
            return Refusal.NOISE
        known = tag in self.items
        if _matches(tag, self._tags.ignore):
            return Refusal.FILTERED
        for accept in (self._tags.accept, source.accept):
            if accept and not known and not _matches(tag, accept):
                return Refusal.FILTERED
        if not known and self._tags.unknown != "events":
            return Refusal.UNKNOWN
        return None
