"""The notation in which the LLRP tables are written, and what it is parsed into.

One line per message or parameter, continued by indented lines:

    TYPE NAME field:wire ... > Child Child? Child* Child|Other+

TYPE is a number, or vendor/subtype for a custom one. Wire types, in wire order and big-endian:
`u8 u16 u32 u64 s8 s16 s32` integers, `Nb` a bit field (most significant bit first, name `_` = reserved),
`12B` that many bytes, and with a 16-bit count in front `u1v` (bits), `u8v` (bytes), `u16v`, `u32v`, `utf8v`
(text); `rest` is everything up to the end. After `>` stand the sub-parameters: exactly one, `?` at most one,
`*` any number, `+` at least one; `|` separates alternatives. `Custom` stands for any custom parameter.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bits:
    """A bit string: `count` bits, left-aligned in ceil(count / 8) bytes."""

    count: int
    data: bytes


Value = int | str | bytes | Bits | tuple[int, ...]
"""What a field holds: integers and bit fields int, `u1v` Bits, `u8v`/`nB`/`rest` bytes, `u16v`/`u32v` a tuple."""

Key = int | tuple[int, int]
"""A type number, or (vendor, subtype) of a custom message or parameter."""

CUSTOM = 1023
"""The type number of custom messages and parameters."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `bits` wide for integers, `size` bytes for fixed strings, else 0 and told by `wire`."""

    name: str
    wire: str
    bits: int = 0
    size: int = 0
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Packed:
    """Neighbouring integers and bit fields, read and written as one big-endian number of `size` bytes."""

    fields: tuple[tuple[Field, int], ...]  # with the shift of each
    size: int


@dataclass(frozen=True, slots=True)
class Sub:
    """Which sub-parameters may stand in one place, and how many: at least `least`, at most `most` (None = any)."""

    names: tuple[str, ...]
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Spec:
    """A message or parameter: `layout` is what to read in turn, runs of fixed fields and single other ones."""

    key: Key
    name: str
    fields: tuple[Field, ...]
    layout: tuple[Packed | Field, ...]
    subs: tuple[Sub, ...]


def parse(table: str) -> Iterator[Spec]:
    """The entries of a table in the notation above."""
    for line in re.sub(r"\n\s+", " ", table.strip()).splitlines():
        head, _, subs = line.partition(" > ")
        key, name, *fields = head.split()
        parsed = tuple(_field(text) for text in fields)
        vendor, _, subtype = key.rpartition("/")
        yield Spec(
            (int(vendor), int(subtype)) if vendor else int(subtype),
            name,
            tuple(field for field in parsed if field.name != "_"),
            tuple(_layout(parsed)),
            tuple(_sub(text) for text in subs.split()),
        )


def _field(text: str) -> Field:
    name, _, wire = text.partition(":")
    if match := re.fullmatch(r"([us])(8|16|32|64)", wire):
        return Field(name, wire, bits=int(match[2]), signed=match[1] == "s")
    if match := re.fullmatch(r"(\d+)b", wire):
        return Field(name, wire, bits=int(match[1]))
    if match := re.fullmatch(r"(\d+)B", wire):
        return Field(name, wire, size=int(match[1]))
    return Field(name, wire)


def _layout(fields: tuple[Field, ...]) -> Iterator[Packed | Field]:
    run: list[Field] = []
    for field in fields:
        if field.bits:
            run.append(field)
            continue
        if run:
            yield _packed(run)
            run = []
        yield field
    if run:
        yield _packed(run)


def _packed(fields: list[Field]) -> Packed:
    bits = left = sum(field.bits for field in fields)
    shifts = []
    for field in fields:
        left -= field.bits
        shifts.append((field, left))
    return Packed(tuple(one for one in shifts if one[0].name != "_"), bits // 8)


def _sub(text: str) -> Sub:
    least, most = {"?": (0, 1), "*": (0, None), "+": (1, None)}.get(text[-1], (1, 1))
    return Sub(tuple(text.rstrip("?*+").split("|")), least, most)
