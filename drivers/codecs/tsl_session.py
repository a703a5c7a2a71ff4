"""A host's end of a TSL handheld: find it, set it up, take what its trigger brings, and see that it is there.

It reads when its trigger is pulled; after `start` also all the time. What it tells has the time of its arrival.
"""

from collections import Counter
from dataclasses import dataclass

from core.records import Alive, Gpi, Reads, Scan
from drivers.codecs import label, tsl
from drivers.codecs.battery import Battery
from drivers.codecs.errors import ProtocolError, Unsupported
from drivers.codecs.label import Labels
from drivers.codecs.module_session import (
    ANSWER_SECONDS,
    TRIES,
    ModuleSession,
    Said,
    Script,
    Wait,
    anything,
    nothing,
)
from drivers.codecs.notice import Notice
from drivers.codecs.tsl import Barcode, End, Switch, Tag

CONNECT_SECONDS = 5.0
"""How long the first answer may take: over Bluetooth the connection itself is made meanwhile."""

PAUSE_SECONDS = 0.05
"""Between two inventories of our own: a handheld that has nothing to read may answer at once."""

MISSED = 2
"""So many signs of life that were asked for may be missing."""

MOST_EARLY = 1000
"""Tags and barcodes that are kept while it is being set up: the pull that wakes a handheld is one that means something."""

TRIGGER = 1
"""The input that the trigger is told as."""

_ACTIONS = {"inventory": "inv", "barcode": "bar", "off": "off"}


@dataclass(frozen=True, slots=True)
class Setup:
    """power in dBm, None = as the handheld is set; single, double: what a pull of the trigger does, and two quick ones.

    alert      it sounds when it has read something
    badge      codes that begin so are badges
    keepalive  s between two questions whether it is there
    continuous it reads all the time, not only when its trigger is pulled
    """

    power: int | None = None
    single: str = "inventory"
    double: str = "barcode"
    alert: bool = False
    badge: str | None = None
    keepalive: float = 10.0
    continuous: bool = False


class Session(ModuleSession):
    """One connection."""

    kind = "TSL handheld"
    baud = tsl.BAUD
    remedy = (
        "switch it on (pull its trigger), see whether it is paired with this machine, and pull the cable out of its USB"
        " socket, which silences its Bluetooth; on a cable look at the baud rate in the url"
    )

    def __init__(self, setup: Setup, at: float) -> None:
        self._setup = setup
        self._continuous = setup.continuous
        self._labels = Labels(setup.badge)
        self._battery = Battery()
        self._early: list[Tag | Barcode] = []
        super().__init__(tsl.frames(), at)
        self._responses = tsl.Responses(self.counts)

    def prepare(self) -> Script[str]:
        self.say(tsl.command("ab"))
        version = yield from self._order("vr", seconds=CONNECT_SECONDS)
        if version is None:
            raise self.silent()
        sound = f"-al {'on' if self._setup.alert else 'off'}"
        self._check("inventory", (yield from self._order("iv", f"{sound} -x -r on -e on -c on -n")))
        yield from self._set_power()
        scanner = yield from self._order("bc", f"{sound} -x -e on -n")
        pulls = f"-s {_ACTIONS[self._setup.single]} -d {_ACTIONS[self._setup.double]}"
        self._check("trigger", (yield from self._order("sa", f"-a on {pulls}")))
        battery = yield from self._order("bl")
        return _described(version, battery, scanner is not None and not scanner.error)

    def read(self) -> Script[None]:
        while self._early:
            self._seen(self._early.pop(0))
        missed = 0
        while missed < MISSED:
            if not missed:
                yield from self._attend()
            self.say(tsl.command("bl"))
            heard = yield Wait(anything, self._setup.keepalive)
            missed = 0 if heard is not None else missed + 1
        raise ProtocolError(
            f"{MISSED} questions without an answer: it is switched off or too far away, or it has a cable at its USB"
            " socket, which silences its Bluetooth"
        )

    def rest(self) -> Script[None]:
        yield from self.read()

    def leave(self) -> Script[None]:
        yield from self._order("ab", tries=1)

    def start(self, now: int, at: float) -> list[Said]:
        """Read all the time, not only when the trigger is pulled."""
        self._continuous = True
        return self.turn(self.read(), now, at)

    def stop(self, now: int, at: float) -> list[Said]:
        """Read when the trigger is pulled."""
        self._continuous = False
        self.say(tsl.command("ab"))
        return self.turn(self.rest(), now, at)

    def observe(self, frame: bytes) -> None:
        for told in self._responses.take(frame):
            if isinstance(told, Tag | Barcode):
                self._seen(told)
            elif isinstance(told, Switch):
                self.tell(Gpi(self.now, TRIGGER, told.is_pulled))
            else:
                self._end(told)

    def overhear(self, frame: bytes) -> None:
        for told in self._responses.take(frame):
            if isinstance(told, Tag | Barcode):
                if len(self._early) < MOST_EARLY:
                    self._early.append(told)
                else:
                    self.counts["too_early"] += 1

    def _seen(self, told: Tag | Barcode) -> None:
        if isinstance(told, Tag):
            self.rows.add(told.epc, rssi=told.rssi)
            return
        reads = self.rows.take(self.now)
        if reads is not None:
            self.tell(reads)
        self.tell(self._labels.scan(label.text_of(told.data), self.now))

    def _order(
        self, name: str, *parameters: str, seconds: float = ANSWER_SECONDS, tries: int = TRIES
    ) -> Script[End | None]:
        """The end of the response to a command, None if it does not come."""
        for _ in range(tries):
            self.say(tsl.command(name, *parameters))
            answer = _Answer(name)
            yield Wait(answer, seconds)
            if answer.end is not None:
                return answer.end
        return None

    def _check(self, what: str, end: End | None) -> None:
        if end is None or end.error:
            self.tell(Notice("settings_refused", f"its {what} cannot be set up: {_reason(end)}"))

    def _set_power(self) -> Script[None]:
        power = self._setup.power
        if power is None:
            return
        end = yield from self._order("iv", f"-o {power} -n")
        if end is None:
            raise ProtocolError(f"the handheld did not answer when power was set to {power} dBm")
        if end.error:
            raise Unsupported(
                f"power {power} dBm: the handheld refused it ({_reason(end)}); set one that its data sheet names, or leave"
                " it out"
            )

    def _attend(self) -> Script[None]:
        """Until it should be asked whether it is there."""
        ends = self.at + self._setup.keepalive
        while self._continuous and self.at < ends:
            answer = yield from self._order("iv", seconds=self._setup.keepalive, tries=1)
            if answer is None:
                return
            yield Wait(nothing, PAUSE_SECONDS)
        if self.at < ends:
            yield Wait(nothing, ends - self.at)

    def _end(self, end: End) -> None:
        percent = end.fields.get("BP", "").rstrip(" %")
        if percent.isdecimal():
            notice = self._battery.at(int(percent), end.fields.get("CH", "Off") != "Off")
            if notice is not None:
                self.tell(notice)
        if end.error and end.error not in (tsl.NO_TRANSPONDER, tsl.NO_BARCODE) and end.command != "ab":
            self.tell(Notice("reader_errors", f"the handheld reports: {_reason(end)}"))

    def _told(self) -> list[Said]:
        """What a person reads is decided at once: nothing of the same moment is on its way any more."""
        said = super()._told()
        if any(isinstance(one, Reads | Scan) for one in said):
            said.append(Alive(self.now + 1))
        return said


class _Answer:
    """Is it the end of the response to a command? `end` is, then."""

    def __init__(self, name: str) -> None:
        self.end: End | None = None
        self._name = name
        self._responses = tsl.Responses(Counter())

    def __call__(self, frame: bytes) -> bool:
        for told in self._responses.take(frame):
            if isinstance(told, End) and told.command == self._name:
                self.end = told
        return self.end is not None


def _reason(end: End | None) -> str:
    if end is None:
        return "it does not answer"
    return f"{end.fields.get('ME', 'no reason given')} (error {end.error})"


def _described(version: End, battery: End | None, has_scanner: bool) -> str:
    parts = [tsl.model(version)]
    if battery is not None and battery.fields.get("BP"):
        parts.append(f"battery {battery.fields['BP']}")
    return ", ".join(parts if has_scanner else [*parts, "no barcode reader"])
