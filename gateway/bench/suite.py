"""Every benchmark under its name, in the order in which they run."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from drivers.secret import SecretName
from gateway.bench.broker import broker
from gateway.bench.day import days
from gateway.bench.devices import devices
from gateway.bench.gps import gps
from gateway.bench.live import Failed
from gateway.bench.peer import PEERS, TARGET, sllurp
from gateway.bench.rated import rated
from gateway.bench.rows import Row
from gateway.bench.sink import sink
from gateway.bench.stages import stages
from gateway.bench.start import start
from gateway.bench.trackers import trackers
from gateway.bench.wire import LOADS, Load, wire

NAMES = (
    "wire",
    "wire-100000",
    "wire-1",
    "sllurp",
    "rated",
    "start",
    "day",
    "stages",
    "devices",
    "gps",
    "sink",
)
OPTIONAL = ("sllurp", "sink")
"""What needs software that a gateway does not have."""
MESSAGES = 1_200
"""Messages over MQTT for each second of measurement."""


@dataclass(frozen=True, slots=True)
class Suite:
    """What is measured for how long: `seconds` of each rate, journals on the filesystem of `folder`.

    dsn  the name of the secret that has the connection string of an empty database; None = a server of our own
    """

    folder: Path
    seconds: float = 10.0
    peers: Path = PEERS
    dsn: SecretName | None = None

    def run(self, names: Sequence[str]) -> Iterator[Row]:
        """The rows of `names`, all if there are none; one that cannot be measured says why."""
        chosen = names or NAMES
        ours: float | None = None
        for name in NAMES:
            if name not in chosen:
                continue
            measured = partial(self._against, ours) if name == "sllurp" else self._measurements()[name]
            for row in guarded(name, measured):
                ours = row.value if row.name == LOADS[0].name else ours
                yield row

    def _measurements(self) -> dict[str, Callable[[], Iterable[Row]]]:
        return {
            "wire": partial(self._wire, LOADS[0]),
            "wire-100000": partial(self._wire, LOADS[1]),
            "wire-1": partial(self._wire, LOADS[2]),
            "rated": partial(rated, self.seconds, self.folder),
            "start": partial(start, self.folder),
            "day": partial(days, self.seconds, self.folder),
            "stages": partial(stages, self.seconds, self.folder),
            "devices": self._devices,
            "gps": self._gps,
            "sink": partial(sink, self.seconds, self.folder, self.dsn),
        }

    def _devices(self) -> Iterator[Row]:
        yield from devices(self.seconds / 10)
        yield from broker(self.folder, round(self.seconds * MESSAGES))

    def _gps(self) -> Iterator[Row]:
        yield from gps(self.seconds)
        yield from trackers(self.seconds, self.folder)

    def _wire(self, load: Load) -> Iterator[Row]:
        return wire(self.seconds, self.folder, load)

    def _against(self, ours: float | None) -> Iterator[Row]:
        yield sllurp(self.seconds, LOADS[0], ours, self.peers / "bin" / "python")


def guarded(name: str, measured: Callable[[], Iterable[Row]]) -> Iterator[Row]:
    """The rows; a failed measurement is a row too, and the others go on."""
    try:
        yield from measured()
    except (Failed, OSError) as error:
        yield Row(name, "failed", None, "", str(error), TARGET if name == "sllurp" else None)
