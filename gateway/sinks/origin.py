"""Where rows come from: the journal, and what its daemon does for the sinks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.notes import Notebook


@dataclass(frozen=True, slots=True)
class Origin:
    """The journal of a site.

    offsets    by device, microseconds that its own times lack
    epoch      of the journal now
    now        microseconds UTC
    dated      returns when the clock is right, or has been waited for long enough: times will not change any more
    save       returns when what was noted in the notebook is durable
    went_back  told, with the reason, that the journal had gone back in time and has another epoch since
    """

    path: Path
    site: str
    offsets: Mapping[str, int]
    notebook: Notebook
    epoch: Callable[[], str]
    now: Callable[[], int]
    dated: Callable[[], Awaitable[object]]
    save: Callable[[], Awaitable[None]]
    went_back: Callable[[str], Awaitable[None]]
