"""What a device says of itself, as it may stand in a log, a table or on a screen."""

LONGEST_TEXT = 80
"""Characters of a device's own words that are repeated."""


def words(said: bytes | str) -> str:
    """A device's own words, on one line and not too long."""
    text = said if isinstance(said, str) else said.decode("ascii", errors="replace")
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:LONGEST_TEXT]
