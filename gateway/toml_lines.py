"""On which line each key of a TOML document stands: tomllib gives values without positions.

The document must already have been accepted by tomllib, so this scanner (TOML 1.0) only has to find where
things begin and end, not whether they are right.
"""

import re

from gateway.problems import KeyPath

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}\n#]*")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    re.compile(r"'''.*?'{3,5}", re.DOTALL),
    re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    re.compile(r"'[^'\n]*'"),
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line (from 1) of every table, key and array element of a valid TOML document.

    A table that is only implied ([a] by [a.b]) gets the line of its first mention.
    """
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.counted = 0
        self.lines: dict[KeyPath, int] = {}
        self.sizes: dict[KeyPath, int] = {}

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self._match(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                table = self._array_of_tables()
            elif self.text[self.at] == "[":
                table = self._table()
            else:
                self._pair(table)
            self._match(_BLANK)
        return self.lines

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def _mark(self, path: KeyPath) -> None:
        """Note the present line for `path` and for what it implies, once."""
        self.line += self.text.count("\n", self.counted, self.at)
        self.counted = self.at
        for end in range(1, len(path) + 1):
            self.lines.setdefault(path[:end], self.line)

    def _key(self) -> tuple[str, ...]:
        parts = []
        while True:
            self._match(_SPACE)
            parts.append(self._match(_BARE) or _unquoted(self._string()))
            self._match(_SPACE)
            if self.text[self.at] != ".":
                return tuple(parts)
            self.at += 1

    def _resolve(self, key: tuple[str, ...]) -> KeyPath:
        """In a header, the name of an array of tables means its last element."""
        path: KeyPath = ()
        for part in key:
            path = (*path, part)
            if path in self.sizes:
                path = (*path, self.sizes[path] - 1)
        return path

    def _table(self) -> KeyPath:
        self.at += 1
        path = self._resolve(self._key())
        self._mark(path)
        self.at += 1
        return path

    def _array_of_tables(self) -> KeyPath:
        self.at += 2
        key = self._key()
        array = (*self._resolve(key[:-1]), key[-1])
        index = self.sizes.get(array, 0)
        self.sizes[array] = index + 1
        self._mark((*array, index))
        self.at += 2
        return (*array, index)

    def _pair(self, table: KeyPath) -> None:
        path = (*table, *self._key())
        self._mark(path)
        self.at += 1
        self._match(_SPACE)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        first = self.text[self.at]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        elif first in "\"'":
            self._string()
        else:
            self._match(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        self._match(_BLANK)
        while self.text[self.at] != "]":
            self._mark((*path, index))
            self._value((*path, index))
            index += 1
            self._comma()
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        self._match(_BLANK)
        while self.text[self.at] != "}":
            self._pair(path)
            self._comma()
        self.at += 1

    def _comma(self) -> None:
        self._match(_BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self._match(_BLANK)

    def _string(self) -> str:
        return next(found for pattern in _STRINGS if (found := self._match(pattern)))


def _unquoted(token: str) -> str:
    """A quoted key's text: only single-line strings can be keys."""
    if token[0] == "'":
        return token[1:-1]
    return _ESCAPE.sub(_unescaped, token[1:-1])


def _unescaped(found: re.Match[str]) -> str:
    four, eight, single = found.groups()
    return _ESCAPED[single] if single else chr(int(four or eight, 16))
