"""AccessSpecs: kept, listed, enabled and deleted as the client says, and never carried out (LLRP 1.0.1, clause 11)."""

from collections.abc import Iterator

from drivers.codecs.llrp import Message, Parameter
from simulators.llrp_status import (
    A_INVALID,
    P_OVERFLOW_PARAMETER,
    bad_field,
    bad_parameter,
    bad_parameter_field,
)

LIMIT = 8
"""AccessSpecs that the reader has room for; the capabilities say the same."""


class AccessSpecs:
    """The AccessSpecs of a reader by id."""

    def __init__(self) -> None:
        self._specs: dict[int, Parameter] = {}

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._specs.values())

    def add(self, message: Message) -> None:
        spec = message.first("AccessSpec")
        assert spec is not None
        id = spec.number("access_spec_id")
        if spec.number("current_state"):
            raise bad_parameter_field(
                "AccessSpec", "an AccessSpec is added in the disabled state", 3, A_INVALID
            )
        if not id or id in self._specs:
            raise bad_parameter_field("AccessSpec", f"AccessSpecID {id} is 0 or taken", 0, A_INVALID)
        if len(self._specs) == LIMIT:
            raise bad_parameter("AccessSpec", f"there is room for {LIMIT}", P_OVERFLOW_PARAMETER)
        self._specs[id] = spec

    def delete(self, message: Message) -> None:
        for id in self._named(message):
            del self._specs[id]

    def switch(self, message: Message, on: bool) -> None:
        """ENABLE_ACCESSSPEC or DISABLE_ACCESSSPEC."""
        for id in self._named(message):
            old = self._specs[id]
            self._specs[id] = Parameter(old.name, {**old.fields, "current_state": int(on)}, old.children)

    def clear(self) -> None:
        self._specs.clear()

    def _named(self, message: Message) -> list[int]:
        id = message.number("access_spec_id")
        if id and id not in self._specs:
            raise bad_field(f"there is no AccessSpec {id}")
        return [id] if id else list(self._specs)
