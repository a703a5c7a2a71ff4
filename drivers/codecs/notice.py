"""What a device says that is no record."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the operator should read; counted under `name`."""

    name: str
    text: str
