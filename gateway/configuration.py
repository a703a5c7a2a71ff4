"""Reading the configuration file: all that is wrong with it at once, or the settings."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.site import Item, Site
from drivers.recorded import Recorded
from gateway import environment
from gateway.checks import Declared, cross_checks
from gateway.items_csv import Items, read_items
from gateway.overrides import overridden
from gateway.problems import KeyPath, Problem, dotted
from gateway.settings import Tables, to_site
from gateway.toml_lines import key_lines
from gateway.validation import Finding, findings, without

OURS = ("core", "drivers", "gateway", "simulators")
PLACES = (Path("waypost.toml"), Path("/etc/waypost/waypost.toml"))
_OF_KINDS = ("device", "broker")
"""Tables of which no warning is given while devices are known by what they share alone: what they lack is not known."""
_POSITION = re.compile(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", re.DOTALL)


class Unreadable(Exception):
    """The file cannot be read at all, or is not TOML; `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Invalid(Exception):
    """The file has errors; the text has one line for each."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration file that could be read. `settings` is None if a problem is an error."""

    path: Path
    settings: Tables | None
    items: tuple[Item, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Configuration:
    """A valid configuration. `journal` is the journal's absolute path."""

    path: Path
    settings: Tables
    site: Site
    journal: Path


def find(given: Path | None) -> Path:
    """The file to use: the one given, $WAYPOST_CONFIG, ./waypost.toml, /etc/waypost/waypost.toml."""
    if given is not None:
        return given
    named = os.environ.get("WAYPOST_CONFIG")
    if named:
        return Path(named)
    return next((path for path in PLACES if path.exists()), PLACES[0])


def load(path: Path, settings: Sequence[str] = ()) -> Configuration:
    """The valid configuration in `path`; raises Unreadable or Invalid. Warnings are for `waypost check`.

    settings  KEY=VALUE that go before those of the file, see gateway/overrides.py; raises BadOverride for one that names
              nothing
    """
    checked = check(path, settings)
    if checked.settings is None:
        raise Invalid("\n".join(str(one) for one in checked.problems if one.level == "error"))
    journal = (path.parent / checked.settings.journal.path).absolute()
    return Configuration(path, checked.settings, to_site(checked.settings, checked.items), journal)


def check(path: Path, settings: Sequence[str] = ()) -> Checked:
    """Everything that is wrong with the file and its items.csv; opens nothing else. Raises Unreadable, BadOverride."""
    text = _read(path)
    data = _parse(path, text)
    return _Check(path, data, key_lines(text), settings).run()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        remedy = "Name the file with --config or $WAYPOST_CONFIG"
        problem = Problem(str(path), None, "file", None, f"cannot be read: {error.strerror}", remedy)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem(str(path), line, "file", None, "not UTF-8", "Save the file as UTF-8")
    raise Unreadable(problem)


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _POSITION.fullmatch(str(error))
        reason, number = (found.group(1), found.group(2)) if found else (str(error), None)
        line = int(number) if number else text.count("\n") + 1
        remedy = "Correct the TOML on this line, or on the one before it"
        problem = Problem(str(path), line, "syntax", None, reason, remedy)
    except (ValueError, RecursionError) as error:  # tomllib's own limits
        remedy = "Write smaller numbers, and fewer brackets inside each other"
        problem = Problem(str(path), None, "syntax", None, str(error), remedy)
    raise Unreadable(problem)


class _Check:
    """One run over one file."""

    def __init__(
        self, path: Path, data: dict[str, Any], lines: dict[KeyPath, int], settings: Sequence[str]
    ) -> None:
        self.path = path
        self.data = data
        self.lines = lines
        self.settings = settings
        self.set_by: Mapping[KeyPath, str] = {}
        self.problems: list[Problem] = []
        self.moved: dict[KeyPath, KeyPath] = {}
        self.reduced = False
        self.csv = Items()
        self.csv_path = path

    def run(self) -> Checked:
        settings = self._settings()
        if settings is not None:
            self._items(settings)
            for finding in cross_checks(settings, (*settings.item, *self.csv.items), self._declared()):
                if not (self.reduced and finding.level == "warning" and finding.path[0] in _OF_KINDS):
                    self._tell(finding, len(settings.item))
        self.problems.sort(key=lambda one: (one.level, one.file != str(self.path), one.file, one.line or 0))
        wrong = any(one.level == "error" for one in self.problems)
        return Checked(self.path, None if wrong else settings, tuple(self.csv.items), tuple(self.problems))

    def _settings(self) -> Tables | None:
        """The settings, if need be without what is wrong in them; None if nothing can be made of them."""
        data, strangers = environment.applied(self.data)
        given = overridden(data, self.settings)
        self.data, self.set_by = given.tables, given.named
        for finding in strangers:
            self._add("environment", None, finding, finding.path)
        try:
            return Tables.model_validate(self.data)
        except ValidationError as error:
            wrong = findings(error.errors(), self.data, Tables)
        items = self.data.get("item")
        for finding in wrong:
            self._tell(finding, len(items) if isinstance(items, list) else 0)
        return self._rest([finding.path for finding in wrong])

    def _rest(self, wrong: list[KeyPath]) -> Tables | None:
        """The tables without the wrong values; a table that lacks a required key then goes too, and so on."""
        self.reduced = True
        data = {**self.data, "device": _what_devices_share(self.data.get("device"), wrong)}
        wrong = [path for path in wrong if path[:1] != ("device",) or len(path) > 3]
        for _ in range(5):
            rest, self.moved = without(data, wrong)
            rest["site"] = {"id": "site"} | rest.get("site", {})
            try:
                return Tables.model_validate(rest)
            except ValidationError as error:
                left = findings(error.errors(), rest, Tables)
                wrong += [self._before(finding.path[:-1]) for finding in left]
        return None

    def _declared(self) -> Declared:
        """The zones and portals that the file names, in tables with other errors too."""
        if not self.moved:
            return Declared()
        zones, portals = (
            frozenset(row["id"] for row in _rows(self.data.get(name)) if isinstance(row.get("id"), str))
            for name in ("zone", "portal")
        )
        return Declared(zones, portals)

    def _items(self, settings: Tables) -> None:
        if settings.items is None:
            return
        self.csv_path = self.path.parent / settings.items
        try:
            self.csv = read_items(self.csv_path)
        except OSError as error:
            finding = Finding(
                ("items",), str(settings.items), f"cannot be read: {error.strerror}", "Correct the path"
            )
            self._tell(finding, 0)
        for line, finding in self.csv.findings:
            self._add(str(self.csv_path), line, finding, finding.path or ("row",))

    def _tell(self, finding: Finding, own_items: int) -> None:
        path = self._before(finding.path)
        if finding.path[0] == "item" and len(finding.path) > 1 and self.csv.items:
            number = finding.path[1]
            if isinstance(number, int) and number >= own_items:
                place = number - own_items
                self._add(str(self.csv_path), self.csv.lines[place], finding, finding.path[2:])
                return
        variable, named = environment.variable(path), self._set_by(path)
        if named is not None:
            self._add("--set", None, finding, (named,))
        elif variable is not None:
            self._add("environment", None, finding, (variable,))
        else:
            self._add(str(self.path), self._line(path), finding, path)

    def _set_by(self, path: KeyPath) -> str | None:
        """The key of --set that gave the value at `path`, if one did."""
        ends = range(len(path), 0, -1)
        return next((self.set_by[path[:end]] for end in ends if path[:end] in self.set_by), None)

    def _add(self, file: str, line: int | None, finding: Finding, path: KeyPath) -> None:
        if finding.level == "warning" and any(one.key == dotted(path) for one in self.problems):
            return  # an error says more
        self.problems.append(
            Problem(file, line, dotted(path), finding.value, finding.reason, finding.remedy, finding.level)
        )

    def _before(self, path: KeyPath) -> KeyPath:
        """Where a value of the reduced data stood in the file."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.moved:
                return (*self.moved[path[:end]], *path[end:])
        return path

    def _line(self, path: KeyPath) -> int | None:
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return None


def _rows(table: object) -> list[dict[str, Any]]:
    """The rows of an array of tables; the place of what is no table is kept."""
    return [row if isinstance(row, dict) else {} for row in table] if isinstance(table, list) else []


def _what_devices_share(devices: object, wrong: list[KeyPath]) -> list[dict[str, Any]]:
    """The devices with the keys that every kind of them has, so that what these say of other tables is checked.

    One whose id is missing or wrong has a name that no other has.
    """
    shared = []
    for number, device in enumerate(_rows(devices)):
        keys = [
            key for key in device if key in Recorded.model_fields and ("device", number, key) not in wrong
        ]
        known = {key: device[key] for key in keys}
        shared.append({"id": f"device.{number}.without-an-id", **known, "kind": "recorded"})
    return shared


def foreign_owners() -> Iterator[Problem]:
    """A warning for each of our top-level names that another installed distribution owns too."""
    from importlib import metadata  # slow, and for `waypost check` only

    for name, owners in metadata.packages_distributions().items():
        others = sorted({owner for owner in owners if owner.lower() != "waypost"})
        if name in OURS and others:
            reason = f"the package {name} also belongs to {', '.join(others)}"
            remedy = "Install Waypost in a virtual environment of its own"
            yield Problem("installation", None, name, None, reason, remedy, "warning")
