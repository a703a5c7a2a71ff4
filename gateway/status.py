"""What `waypost status` says: every device, and the numbers of the whole daemon, since its start."""

from collections import Counter
from collections.abc import Iterable, Mapping

from core.events import rfc3339
from core.site import Site
from gateway.broker.health import BrokerHealth
from gateway.counters import Counts
from gateway.intake import Intake
from gateway.link import DeviceLink
from gateway.sinks.dispatch import Dispatch
from gateway.writer import Writer

READS = ("received", "noise", "duplicates", "filtered", "accepted")
"""received = noise + duplicates + filtered + accepted, per device and in total.

And reads_total = received + set_aside, as soon as nothing waits in the intake: what was set aside was never received
by the pipeline.
"""


OF_ACCEPTED = ("late", "too_late", "unplaced")
OF_FILTERED = ("unknown",)
FIXES = {
    "received": "fixes",
    "duplicates": "fix_duplicates",
    "accepted": "fixes_accepted",
    "invalid": "fixes_invalid",
}
"""received = duplicates + accepted, of which invalid have no position that the receiver stands by."""


def status(
    site: Site,
    journal: Counts,
    links: Mapping[str, DeviceLink],
    writer: Writer,
    intake: Intake,
    dispatch: Dispatch,
    brokers: Mapping[str, BrokerHealth],
) -> dict[str, object]:
    """One JSON object; times are RFC 3339, sizes bytes, durations ms."""
    counts = writer.counts
    owners = {tag: item.id for item in site.items for tag in item.tags}
    return {
        "site": site.id,
        "health": health(links.values(), writer, journal, dispatch),
        "devices": {
            name: device(link, counts.get(name, {}), writer.reads_aside[name], owners)
            for name, link in links.items()
        },
        "brokers": {name: broker.json() for name, broker in brokers.items()},
        "sinks": dispatch.json(),
        "total": _total(journal, links.values(), writer, intake),
    }


def health(links: Iterable[DeviceLink], writer: Writer, journal: Counts, dispatch: Dispatch) -> str:
    """One line: what is not as it should be, or "ok"."""
    wrong = [f"{link.device} is {link.health.state}" for link in links if link.health.state != "up"]
    if writer.trouble is not None:
        wrong.insert(0, f"the journal cannot be written: {writer.trouble}")
    if writer.set_aside:
        wrong.append(f"{writer.set_aside} inputs with {writer.reads_aside.total()} reads were set aside")
    if journal.pressed:
        wrong.append(f"{journal.pressed} rows of the journal were deleted for want of room")
    return "; ".join(wrong + dispatch.wrong()) or "ok"


def evicted(writer: Writer) -> int:
    """Unknown tags that were forgotten since the daemon's start, to make room for others."""
    return sum(counts["evicted"] for counts in writer.counts.values())


def device(
    link: DeviceLink, counts: Mapping[str, int], aside: int, owners: Mapping[str, str]
) -> dict[str, object]:
    """One device, `aside` of whose reads were set aside. `counters` are the driver's own.

    owners  the item of each tag
    """
    now = link.health
    return {
        "state": now.state,
        "since": rfc3339(now.since),
        "info": now.info,
        "error": now.error,
        "restarts": link.restarts,
        "faults": link.bugs,
        "reads_total": link.reads_total + link.counters["zero_epc"],
        "last_read": None if link.last_read is None else rfc3339(link.last_read),
        "reads": {**reads(link, counts), "set_aside": aside},
        "fixes": fixes(counts),
        "trackers": link.trackers.rows(link.counters, owners),
        "counters": dict(link.counters),
    }


def fixes(counts: Mapping[str, int]) -> dict[str, int]:
    """What became of the device's fixes."""
    return {name: counts.get(count, 0) for name, count in FIXES.items()}


def reads(link: DeviceLink, counts: Mapping[str, int]) -> dict[str, int]:
    """What became of the device's reads; EPCs of no bits never get past the codec, and are noise all the same."""
    found = {name: counts.get(name, 0) for name in (*READS, *OF_ACCEPTED, *OF_FILTERED)}
    zero = link.counters["zero_epc"]
    return {**found, "received": found["received"] + zero, "noise": found["noise"] + zero}


def _total(
    journal: Counts, links: Iterable[DeviceLink], writer: Writer, intake: Intake
) -> dict[str, int | float | None]:
    links, counts = list(links), writer.counts
    every: Counter[str] = Counter()
    for link in links:
        known: Mapping[str, int] = counts.get(link.device, {})
        every.update(reads(link, known))
        every["fixes"] += known.get("fixes", 0)
    return {
        "reads": every["received"],
        "fixes": every["fixes"],
        **{name: every[name] for name in READS[1:]},
        "unknown_tags": writer.pipeline.unknown_tags,
        "evicted": evicted(writer),
        "events": writer.events,
        "gaps": writer.gaps,
        "dropped": sum(link.counters["dropped"] for link in links) + sum(journal.dropped.values()),
        "set_aside": writer.set_aside,
        "reads_set_aside": writer.reads_aside.total(),
        "io_errors": writer.io_errors,
        "intake_bytes": intake.held,
        "commits": journal.commits,
        "journal_bytes": journal.size,
        "journal_lost": journal.lost,
        "commit_p50_ms": _milliseconds(journal.p50),
        "commit_p99_ms": _milliseconds(journal.p99),
    }


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
