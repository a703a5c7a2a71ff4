"""What `waypost check` says about a configuration: one problem per wrong value, with its place and its remedy."""

from dataclasses import asdict, dataclass
from typing import Literal

KeyPath = tuple[str | int, ...]
"""Where a value stands: table keys and array indexes, such as ("device", 0, "antennas", 1, "zone")."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    file    the file that must be changed, or "environment"
    line    counted from 1; None where there is none (the environment, a key that is missing from the file)
    key     dotted key path, with array indexes in brackets
    value   the offending value as text, None when it is the absence that is wrong
    """

    file: str
    line: int | None
    key: str
    value: str | None
    reason: str
    remedy: str
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        value = "" if self.value is None else f" = {self.value}"
        return f"{place}: {self.level}: {self.key}{value}: {self.reason}. {self.remedy}."

    def as_json(self) -> dict[str, str | int | None]:
        """The fields by name."""
        return asdict(self)


def dotted(path: KeyPath) -> str:
    """device[0].antennas[1].zone for ("device", 0, "antennas", 1, "zone")."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
