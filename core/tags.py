"""How a tag is called."""

CODES = ("barcode:", "badge:")
"""Schemes of tags that people read with scanners, one at a time."""


def is_code(tag: str) -> bool:
    """Is it on a label or a badge, rather than answering to radio?"""
    return tag.startswith(CODES)


def tag_id(data: bytes, bits: int) -> str:
    """The name of an EPC: upper-case hex of its left-aligned bytes, with "/<bits>" if bits is no multiple of 16.

    `data` has ceil(bits / 8) bytes; what follows the last bit is set to 0. Raises ValueError for another length.
    Gen2 tags count EPC memory in 16-bit words, so whole words need no suffix.
    """
    if len(data) != (bits + 7) // 8:
        raise ValueError(f"an EPC of {bits} bits has {(bits + 7) // 8} bytes, not {len(data)}")
    if bits % 16 == 0:
        return data.hex().upper()
    pad = -bits % 8
    clean = int.from_bytes(data) >> pad << pad
    return f"{clean.to_bytes(len(data)).hex().upper()}/{bits}"
