"""A picture of an event: the strength of its reads over time, a colour for each antenna, and the decision."""

from pathlib import Path

from core.records import SECOND
from gateway.explanation import Explanation


def picture(told: Explanation, path: Path) -> int:
    """Writes a PNG; returns how many reads it shows. Time is in seconds after the event's.

    Raises ModuleNotFoundError without matplotlib, which only this needs, and OSError.
    """
    from matplotlib.figure import Figure

    event = told.event if told.of is None else told.of
    canvas = Figure(figsize=(10.0, 5.0), layout="constrained")
    axes = canvas.add_subplot()
    groups: dict[str, list[tuple[float, float]]] = {}
    for one in told.behind.reads:
        if one.rssi is not None:
            name = f"{one.device}/{one.antenna} {one.side or one.place or ''}"
            groups.setdefault(name, []).append(((one.time - event.time) / SECOND, one.rssi))
    for name, points in groups.items():
        axes.plot(*zip(*points, strict=True), "o-", markersize=4, linewidth=0.6, label=name)
    axes.axvline(
        0.0, color="black", linewidth=1.0, label=" ".join(filter(None, (event.kind, event.direction)))
    )
    if event.time_error is not None:
        axes.axvspan(-event.time_error, event.time_error, color="black", alpha=0.1)
    axes.set_xlabel("seconds after the event")
    axes.set_ylabel("strength as the reader reports it")
    axes.set_title(f"{event.item or event.tag or event.source}, {event.place or ''}", parse_math=False)
    axes.grid(alpha=0.3)
    axes.legend()
    canvas.savefig(path, dpi=120, format="png")
    return sum(map(len, groups.values()))
