"""LLRP messages and parameters: one decoder and one encoder for everything in the tables (LLRP 1.1, binary encoding).

What cannot be understood is kept with its bytes as `Unknown` and decoding goes on behind it, so a strange or
damaged parameter costs itself and never its message.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from drivers.codecs.llrp_fields import Short, read_fields, write_fields
from drivers.codecs.llrp_schema import CUSTOM, Key, Spec, Sub, Value
from drivers.codecs.llrp_tables import MESSAGE_TYPES, MESSAGES, PARAMETER_TYPES, PARAMETERS

HEADER = struct.Struct("!HII")
"""Version and type (bits 12..10, 9..0), total length, message id."""

MAX_DEPTH = 16
"""How deep parameters may be nested; the standard's deepest is 7, and ParameterError may hold itself."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Bytes of a parameter, header included, that the tables do not know or that break their rules."""

    data: bytes
    malformed: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """What messages and parameters share; what is not given in `fields` is 0 or empty."""

    name: str
    fields: Mapping[str, Value] = field(default_factory=dict)
    children: "tuple[Parameter | Unknown, ...]" = ()

    def number(self, name: str) -> int:
        """The integer field `name`."""
        value = self.fields.get(name, 0)
        if not isinstance(value, int):
            raise TypeError(f"{self.name}.{name} is {type(value).__name__}, not an integer")
        return value

    def first(self, name: str) -> "Parameter | None":
        """The first direct sub-parameter called `name`."""
        return next(self.every(name), None)

    def every(self, name: str) -> "Iterator[Parameter]":
        """All direct sub-parameters called `name`."""
        return (child for child in self.children if isinstance(child, Parameter) and child.name == name)


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """One parameter by its name in the standard."""


@dataclass(frozen=True, slots=True)
class Message(Node):
    """One message by its name in the standard.

    A message that is not in the tables, or whose own fields are damaged, is called UNKNOWN and has the fields
    `type` (int) and `body` (bytes behind the header).
    """

    id: int = 0
    version: int = 1


def opaque(node: Node) -> Iterator[Unknown]:
    """Everything below `node` that was not understood."""
    for child in node.children:
        if isinstance(child, Unknown):
            yield child
        else:
            yield from opaque(child)


def decode_message(frame: bytes | memoryview) -> Message:
    """One whole message; never fails on what `Frames` has cut, see `Message` and `Unknown`."""
    data = bytes(frame)
    head, _, id = HEADER.unpack_from(data)
    version, type = head >> 10 & 7, head & CUSTOM
    spec, start = MESSAGE_TYPES.get(type), HEADER.size
    if type == CUSTOM and len(data) >= start + 5:
        custom = MESSAGE_TYPES.get(struct.unpack_from("!IB", data, start))
        spec, start = (custom, start + 5) if custom else (spec, start)
    if spec is not None:
        try:
            fields, end = read_fields(spec, data, start, len(data))
        except Short:
            pass
        else:
            return Message(spec.name, fields, _children(data, end, len(data), 0), id, version)
    return Message("UNKNOWN", {"type": type, "body": data[HEADER.size :]}, (), id, version)


def decode_parameter(data: bytes) -> tuple[Parameter | Unknown, ...]:
    """The parameters that stand one behind the other in `data`."""
    return _children(data, 0, len(data), 0)


def _children(data: bytes, start: int, end: int, depth: int) -> tuple[Parameter | Unknown, ...]:
    found = []
    while start < end:
        one, start = _parameter(data, start, end, depth)
        found.append(one)
    return tuple(found)


def _parameter(data: bytes, start: int, end: int, depth: int) -> tuple[Parameter | Unknown, int]:
    """The parameter at `start` and where the next begins; without a usable length it takes all up to `end`."""
    if data[start] & 0x80:
        return _tv(data, start, end)
    if end - start < 4:
        return Unknown(data[start:end], malformed=True), end
    type, length = struct.unpack_from("!HH", data, start)
    stop = start + length
    if length < 4 or stop > end:
        return Unknown(data[start:end], malformed=True), end
    spec, body = _tlv_spec(type, data, start + 4, stop)
    if spec is None:
        return Unknown(data[start:stop]), stop
    if depth == MAX_DEPTH:
        return Unknown(data[start:stop], malformed=True), stop
    try:
        fields, body = read_fields(spec, data, body, stop)
    except Short:
        return Unknown(data[start:stop], malformed=True), stop
    return Parameter(spec.name, fields, _children(data, body, stop, depth + 1)), stop


def _tv(data: bytes, start: int, end: int) -> tuple[Parameter | Unknown, int]:
    spec = PARAMETER_TYPES.get(data[start] & 0x7F)
    if spec is None:
        return Unknown(data[start:end]), end
    try:
        fields, stop = read_fields(spec, data, start + 1, end)
    except Short:
        return Unknown(data[start:end], malformed=True), end
    return Parameter(spec.name, fields), stop


def _tlv_spec(type: int, data: bytes, body: int, stop: int) -> tuple[Spec | None, int]:
    if type == CUSTOM and stop - body >= 8:
        spec = PARAMETER_TYPES.get(struct.unpack_from("!II", data, body))
        if spec is not None:
            return spec, body + 8
    return (PARAMETER_TYPES.get(type) if type > 127 else None), body


def encode_message(message: Message) -> bytes:
    """The bytes of `message`. Raises ValueError if the tables forbid it: names, ranges, sub-parameters."""
    if message.name == "UNKNOWN":
        type, body = message.number("type"), message.fields["body"]
        assert isinstance(body, bytes)
        return HEADER.pack(message.version << 10 | type, HEADER.size + len(body), message.id) + body
    spec = MESSAGES.get(message.name)
    if spec is None:
        raise ValueError(f"{message.name} is no LLRP message; the names are those of llrp_tables")
    body = _body(spec, message, "!IB")
    type = spec.key if isinstance(spec.key, int) else CUSTOM
    return HEADER.pack(message.version << 10 | type, HEADER.size + len(body), message.id) + body


def encode_parameter(parameter: Parameter | Unknown) -> bytes:
    """The bytes of `parameter`. Raises ValueError if the tables forbid it: names, ranges, sub-parameters, 64 KiB."""
    if isinstance(parameter, Unknown):
        return parameter.data
    spec = PARAMETERS.get(parameter.name)
    if spec is None:
        raise ValueError(f"{parameter.name} is no LLRP parameter; the names are those of llrp_tables")
    body = _body(spec, parameter, "!II")
    if isinstance(spec.key, int) and spec.key < 128:
        return bytes((0x80 | spec.key,)) + body
    if len(body) + 4 > 0xFFFF:
        raise ValueError(
            f"{parameter.name} of {len(body)} bytes does not fit its 16-bit length; send less in one"
        )
    return struct.pack("!HH", spec.key if isinstance(spec.key, int) else CUSTOM, 4 + len(body)) + body


def _body(spec: Spec, node: Node, custom: str) -> bytes:
    head = b"" if isinstance(spec.key, int) else struct.pack(custom, *spec.key)
    _check_children(spec, node.children)
    return b"".join((head, write_fields(spec, node.fields), *map(encode_parameter, node.children)))


def _check_children(spec: Spec, children: tuple[Parameter | Unknown, ...]) -> None:
    left = [child.name for child in children if isinstance(child, Parameter)]
    for sub in spec.subs:
        matches = _matcher(sub)
        count = sum(map(matches, left))
        if count < sub.least or (sub.most is not None and count > sub.most):
            most = "any" if sub.most is None else sub.most
            raise ValueError(
                f"{spec.name} has {count} of {'|'.join(sub.names)}, must have {sub.least} to {most}"
            )
        left = [name for name in left if not matches(name)]
    if left:
        raise ValueError(f"{spec.name} cannot hold {', '.join(left)}")


def _matcher(sub: Sub) -> Callable[[str], bool]:
    if "Custom" not in sub.names:
        return sub.names.__contains__
    return lambda name: name in sub.names or (name in PARAMETERS and _is_custom(PARAMETERS[name].key))


def _is_custom(key: Key) -> bool:
    return isinstance(key, tuple)
