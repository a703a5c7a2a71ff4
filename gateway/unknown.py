"""The tags that no item owns, as the running daemon knows them: for an operator who registers them."""

from core.events import rfc3339
from core.inbox import Listed
from core.site import Tags
from gateway.status import evicted
from gateway.writer import Writer


def unknown(tags: Tags, writer: Writer, limit: int) -> dict[str, object]:
    """One JSON object; only a site with `unknown = "inbox"` lists its tags, those that were heard last first.

    unknown  what the configuration makes of such tags; limit  how many are remembered
    total    how many are remembered now: followed ("events") or listed ("inbox")
    evicted  how many were forgotten since the daemon's start, to make room
    tags     at most `limit` of the listed: tag, first, last (RFC 3339), reads, source and antenna of the last read
    """
    pipeline = writer.pipeline
    return {
        "unknown": tags.unknown,
        "limit": tags.limit,
        "total": pipeline.unknown_tags,
        "evicted": evicted(writer),
        "tags": [_row(one) for one in pipeline.inbox(limit)],
    }


def _row(one: Listed) -> dict[str, str | int]:
    return {
        "tag": one.tag,
        "first": rfc3339(one.first),
        "last": rfc3339(one.last),
        "reads": one.reads,
        "source": one.source,
        "antenna": one.port,
    }
