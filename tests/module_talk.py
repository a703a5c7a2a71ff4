"""A session of a serial module and a simulated module, byte for byte, in a time of their own and without any line."""

from collections.abc import Callable
from pathlib import Path
from typing import Self

from core.records import SECOND, Body, Reads
from drivers.codecs.module_session import ModuleSession, Said
from drivers.codecs.notice import Notice
from simulators.llrp_reports import Sighting
from simulators.serial_module import SimulatedModule

NOW = 1_767_225_600 * SECOND
DATA = Path(__file__).parent / "data"


def vectors(name: str) -> dict[str, list[tuple[bytes, str]]]:
    """The frames of tests/data/NAME/frames.txt with their comments, by the heading that they stand under."""
    found: dict[str, list[tuple[bytes, str]]] = {}
    kind = ""
    for line in (DATA / name / "frames.txt").read_text().splitlines()[1:]:
        digits, _, comment = line.partition("#")
        if digits.strip():
            found[kind].append((bytes.fromhex(digits), comment.strip()))
        else:
            kind = comment.strip()
            found[kind] = []
    return found


class Talk:
    """`said` is what the session told; `heard` what the module got. `line` changes what the module says."""

    def __init__(self, session: ModuleSession, module: SimulatedModule) -> None:
        self.session = session
        self.module = module
        self.at = 0.0
        self.said: list[Said] = []
        self.heard = b""
        self.line: Callable[[bytes], bytes] = bytes

    @property
    def now(self) -> int:
        return NOW + round(self.at * SECOND)

    @property
    def bodies(self) -> list[Body]:
        return [one for one in self.said if not isinstance(one, Notice)]

    @property
    def notices(self) -> list[str]:
        return [one.text for one in self.said if isinstance(one, Notice)]

    @property
    def reads(self) -> list[tuple[str, int, float, int]]:
        """Tag, antenna, RSSI, time."""
        rows: list[tuple[str, int, float, int]] = []
        for one in self.said:
            if isinstance(one, Reads):
                names = [one.tags.ids[code] for code in one.tag.tolist()]
                rows += zip(names, one.antenna.tolist(), one.rssi.tolist(), one.time.tolist(), strict=True)
        return rows

    def run(self, seconds: float) -> Self:
        """Let both talk for so long, or until the session ends."""
        end = self.at + seconds
        self.exchange()
        while self.session.error is None:
            due = self.module.due()
            wakes = [self.session.deadline, *([] if due is None else [(due - NOW) / SECOND])]
            if min(wakes) > end:
                self.at = end
                break
            self.at = max(self.at, min(wakes))
            if due is not None and due <= self.now:
                self.hear(self.module.advance(self.now))
            else:
                self.said += self.session.timeout(self.now, self.at)
            self.exchange()
        return self

    def see(self, *sightings: Sighting) -> None:
        """Tags answer the module."""
        for one in sightings:
            self.hear(self.module.see(one, self.now))
        self.exchange()

    def hear(self, data: bytes) -> None:
        """The module says `data`."""
        data = self.line(data)
        if data:
            self.said += self.session.receive(data, self.now, self.at)

    def exchange(self) -> None:
        """Until neither has anything to say."""
        while data := self.session.data_to_send():
            self.heard += data
            self.hear(self.module.receive(data, self.now))
