"""What finders come upon, and the one interface that all of them have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Value = str | int | float | bool | Sequence["Value"] | Mapping[str, "Value"]
"""What can stand in a TOML file here."""

State = Literal["ready", "busy", "unknown"]
"""It is there to be used; somebody else has it; nobody knows what it is."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One device, or what may be one.

    finder    who found it
    where     port, address or topic
    kind      of its [[device]], or of what else it is; None if nobody knows
    name      what its id is made of
    model     what it says of itself
    settings  of its [[device]], without id, kind and antennas
    ports     antenna ports that are known to be there; none: port 0 stands for any; None: its kind has no antennas
    remarks   what an operator should know or decide
    known     the device of the configuration that it is
    """

    finder: str
    where: str
    state: State = "ready"
    kind: str | None = None
    name: str = ""
    model: str = ""
    settings: Mapping[str, Value] = field(default_factory=dict)
    ports: tuple[int, ...] | None = ()
    remarks: tuple[str, ...] = ()
    known: str | None = None


class Report(Protocol):
    """Where finders tell what they do and find."""

    def found(self, finding: Finding) -> None: ...

    def say(self, finder: str, text: str) -> None: ...


class Finder(Protocol):
    """One way to come upon devices."""

    @property
    def name(self) -> str: ...

    async def find(self, report: Report, until: float) -> None:
        """Tell everything that is found, until about that time of the loop's clock; what is begun is ended cleanly.

        Raises what hinders it as a whole, with a text for an operator.
        """
