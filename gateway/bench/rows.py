"""What a benchmark says: rows of one table, or one JSON object per row."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TextIO


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure.

    value   None: it could not be measured, and `conditions` says why
    better  whether the figure should be at least or at most the target
    """

    name: str
    what: str
    value: float | None
    unit: str
    conditions: str
    target: float | None = None
    better: Literal["higher", "lower"] = "higher"

    @property
    def ratio(self) -> float | None:
        """How many times as good as the target: 1 or more meets it."""
        if self.value is None or self.target is None:
            return None
        return _part(self.value, self.target) if self.better == "higher" else _part(self.target, self.value)

    def fields(self) -> dict[str, str | float | None]:
        """The row as JSON."""
        ratio = self.ratio
        return {
            "name": self.name,
            "what": self.what,
            "value": None if self.value is None else _short(self.value),
            "unit": self.unit,
            "target": self.target,
            "ratio": None if ratio is None else _short(ratio),
            "conditions": self.conditions,
        }


class Printer:
    """Prints rows as they come, for people or, with `as_json`, for programs."""

    def __init__(self, out: TextIO, as_json: bool) -> None:
        self._out = out
        self._as_json = as_json

    def head(self, machine: Mapping[str, str | int | float]) -> None:
        """What everything below was measured on."""
        if self._as_json:
            self._put({"name": "machine", **machine})
            return
        self._line("  ".join(f"{name}: {value}" for name, value in machine.items()))
        self._line("")
        self._line(f"{'':28}{'value':>14} {'unit':<11}{'target':>12}{'ratio':>8}  what and how")

    def rows(self, rows: Iterable[Row]) -> None:
        """One line, or one object, per row, as soon as it is known."""
        for row in rows:
            if self._as_json:
                self._put(row.fields())
            else:
                self._line(_line(row))

    def _put(self, fields: Mapping[str, str | int | float | None]) -> None:
        self._line(json.dumps(fields, ensure_ascii=False))

    def _line(self, text: str) -> None:
        print(text, file=self._out, flush=True)


def _line(row: Row) -> str:
    target = "" if row.target is None else ("≥ " if row.better == "higher" else "≤ ") + _number(row.target)
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    value = "-" if row.value is None else _number(row.value)
    return f"{row.name:<28}{value:>14} {row.unit:<11}{target:>12}{ratio:>8}  {row.what}: {row.conditions}"


def _number(value: float) -> str:
    return f"{_short(value):,}"


def _short(value: float) -> float:
    """Three significant digits, and no digit of a whole number lost."""
    if abs(value) >= 100:
        return round(value)
    return float(f"{value:.3g}")


def _part(value: float, whole: float) -> float:
    return value / whole if whole else float("inf")
