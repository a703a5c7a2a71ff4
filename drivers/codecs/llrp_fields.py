"""Reading and writing the fields of one LLRP message or parameter after its table entry."""

from collections.abc import Mapping

from drivers.codecs.llrp_schema import Bits, Field, Packed, Spec, Value

_WIDTHS = {"u16v": 2, "u32v": 4}


class Short(ValueError):
    """The bytes end before the field does."""


def read_fields(spec: Spec, data: bytes, start: int, end: int) -> tuple[dict[str, Value], int]:
    """The fields of `spec` in data[start:end] and where they end. Raises Short if they do not fit."""
    fields: dict[str, Value] = {}
    for part in spec.layout:
        if isinstance(part, Packed):
            stop = _within(start + part.size, end, spec)
            _unpack(part, int.from_bytes(data[start:stop]), fields)
            start = stop
        else:
            fields[part.name], start = _read(spec, part, data, start, end)
    return fields, start


def write_fields(spec: Spec, fields: Mapping[str, Value]) -> bytes:
    """The bytes of `fields`, absent ones 0 or empty. Raises ValueError for an unknown name or a value that does not fit."""
    strange = fields.keys() - {field.name for field in spec.fields}
    if strange:
        raise ValueError(f"{spec.name} has no field {', '.join(sorted(strange))}")
    return b"".join(
        _pack(spec, part, fields) if isinstance(part, Packed) else _write(spec, part, fields.get(part.name))
        for part in spec.layout
    )


def _within(stop: int, end: int, spec: Spec) -> int:
    if stop > end:
        raise Short(f"{spec.name} is {stop - end} bytes short")
    return stop


def _unpack(part: Packed, number: int, fields: dict[str, Value]) -> None:
    for field, shift in part.fields:
        value = number >> shift & (1 << field.bits) - 1
        if field.signed and value >> field.bits - 1:
            value -= 1 << field.bits
        fields[field.name] = value


def _read(spec: Spec, field: Field, data: bytes, start: int, end: int) -> tuple[Value, int]:
    if field.size:
        stop = _within(start + field.size, end, spec)
        return data[start:stop], stop
    if field.wire == "rest":
        return data[start:end], end
    body = _within(start + 2, end, spec)
    count = int.from_bytes(data[start:body])
    if width := _WIDTHS.get(field.wire):
        stop = _within(body + count * width, end, spec)
        return tuple(int.from_bytes(data[at : at + width]) for at in range(body, stop, width)), stop
    size = (count + 7) // 8 if field.wire == "u1v" else count
    stop = _within(body + size, end, spec)
    if field.wire == "u1v":
        return Bits(count, data[body:stop]), stop
    if field.wire == "utf8v":
        return data[body:stop].decode(errors="replace"), stop
    return data[body:stop], stop


def _pack(spec: Spec, part: Packed, fields: Mapping[str, Value]) -> bytes:
    number = 0
    for field, shift in part.fields:
        value = fields.get(field.name, 0)
        low = -(1 << field.bits - 1) if field.signed else 0
        if not isinstance(value, int) or not low <= value < low + (1 << field.bits):
            raise ValueError(f"{spec.name}.{field.name} = {value!r} is no {field.wire}")
        number |= (value & (1 << field.bits) - 1) << shift
    return number.to_bytes(part.size)


def _write(spec: Spec, field: Field, value: Value | None) -> bytes:
    data, count = _variable(spec, field, value)
    if field.wire == "rest" or field.size:
        return data
    if count > 0xFFFF:
        raise ValueError(f"{spec.name}.{field.name} has {count} elements, at most 65535 fit")
    return count.to_bytes(2) + data


def _variable(spec: Spec, field: Field, value: Value | None) -> tuple[bytes, int]:
    """The bytes of a value of variable length, and the count to write before them."""
    match field.wire, value:
        case (("u16v" | "u32v"), (tuple() | None)) if not isinstance(value, Bits):
            width = _WIDTHS[field.wire]
            return b"".join(_element(spec, field, one, width) for one in value or ()), len(value or ())
        case "u1v", Bits() | None:
            bits = value or Bits(0, b"")
            if len(bits.data) == (bits.count + 7) // 8:
                return bits.data, bits.count
        case "utf8v", str() | None:
            data = (value or "").encode(errors="replace")
            return data, len(data)
        case _, bytes() | None if field.wire not in ("u16v", "u32v", "u1v", "utf8v"):
            data = value or bytes(field.size)
            if not field.size or len(data) == field.size:
                return data, len(data)
    raise ValueError(f"{spec.name}.{field.name} = {value!r} is no {field.wire}")


def _element(spec: Spec, field: Field, value: int, width: int) -> bytes:
    if not 0 <= value < 1 << 8 * width:
        raise ValueError(f"{spec.name}.{field.name} holds {value!r}, no u{8 * width}")
    return value.to_bytes(width)
