"""Topic filters (MQTT 5.0, section 4.7), in which a level may have a name: readers/{reader}/+/tags."""

import re

_LEVEL = re.compile(r"\{([a-z_]+)\}")


class TopicFilter:
    """`filter` is what the broker is asked for. Raises ValueError, whose text is "reason; remedy"."""

    def __init__(self, template: str) -> None:
        levels = template.split("/")
        self.filter = "/".join("+" if _LEVEL.fullmatch(level) else level for level in levels)
        self.names = tuple(found[1] for level in levels if (found := _LEVEL.fullmatch(level)))
        if not template or "\0" in template or len(template.encode()) > 0xFFFF:
            raise ValueError("is no topic filter; write levels with / between them, as readers/+/tags")
        for number, level in enumerate(levels):
            is_rest = level == "#" and number == len(levels) - 1
            if set(level) & set("+#{}") and not (level == "+" or is_rest or _LEVEL.fullmatch(level)):
                raise ValueError(
                    "+ and {name} stand for a whole level, # for all that follow; write readers/+/tags"
                )
        if len(set(self.names)) < len(self.names):
            raise ValueError("names a level twice; give each its own name")
        self._pattern = re.compile(_pattern(levels), re.DOTALL)

    def match(self, topic: str) -> dict[str, str] | None:
        """The named levels of `topic`; None if the filter does not cover it."""
        found = self._pattern.fullmatch(topic)
        return None if found is None else found.groupdict()


def _pattern(levels: list[str]) -> str:
    """A wildcard in the first level does not cover what the broker tells of itself ($SYS)."""
    pattern = "" if levels[0].startswith("$") else r"(?!\$)"
    for number, level in enumerate(levels):
        slash = "/" if number else ""
        name = _LEVEL.fullmatch(level)
        if level == "#":
            pattern += f"(?:{slash}.*)?"
        elif name:
            pattern += f"{slash}(?P<{name[1]}>[^/]*)"
        else:
            pattern += slash + ("[^/]*" if level == "+" else re.escape(level))
    return pattern
