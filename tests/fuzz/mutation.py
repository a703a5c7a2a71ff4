"""A fuzzer without any guide, for machines for which there is no atheris: seeds, changed at random."""

import random
from collections.abc import Sequence

_INTERESTING = (
    b"\0",
    b"\xff",
    b"\xaa",
    b"\x7f",
    b"\x80",
    b"\xff\xff",
    b"\0\0\0\0",
    b"\x7f\xff\xff\xff",
    b"{",
    b"]",
    b'"',
    b"\n",
)


def mutated(seeds: Sequence[bytes], chance: random.Random, longest: int) -> bytes:
    """One input of at most `longest` bytes."""
    data = bytearray(chance.choice(seeds) if seeds else b"")
    for _ in range(1 << chance.randint(0, 4)):
        at = chance.randint(0, len(data))
        match chance.randrange(6):
            case 0 if data:
                data[at % len(data)] ^= 1 << chance.randrange(8)
            case 1 if data:
                data[at % len(data)] = chance.randrange(256)
            case 2:
                del data[at : at + chance.randint(1, 16)]
            case 3:
                data[at:at] = chance.randbytes(chance.randint(1, 8))
            case 4:
                data[at:at] = chance.choice(_INTERESTING)
            case _ if seeds:
                other = chance.choice(seeds)
                start = chance.randint(0, len(other))
                data[at:at] = other[start : start + chance.randint(1, 256)]
    return bytes(data[:longest])
