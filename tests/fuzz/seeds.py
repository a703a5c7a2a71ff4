"""What a fuzzer begins with: the recorded bytes and vectors under tests/data, whole and line by line."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
FOUND = DATA / "fuzz"
"""Inputs that a codec did not take, NAME-HASH.bin: each is a test for ever."""

LONGEST = 512
"""Bytes of an input."""

_TOPICS = (b"readers/{antenna}/+/tags\nreaders/1/a/tags", b"$SYS/#\n$SYS/broker", b"a/#\na", b"+/+\na/b")
_JSON = (
    b'{"items":[{"tag":"E28011700000020D2A412182","time":"2026-03-28T07:20:13.028Z","rssi":-60,"count":2,"phase":1.5,'
    b'"channel":866300},{"tag":"3034","time":null}]}\n{"items":{"tag":"0x30-34"}}\n{"other":[]}',
)


def seeds(name: str) -> list[bytes]:
    """For the judge of that name, none twice."""
    if name == "topics":
        return list(_TOPICS)
    if name == "json":
        return list(_JSON)
    kind = name.partition("-")[0]
    files = [file for file in sorted(DATA.glob(f"{kind}/**/*")) if file.is_file() and file.suffix != ".toml"]
    files += sorted(DATA.glob(f"{kind}_*.txt"))
    found = [part for file in files for part in _parts(file)]
    return list(dict.fromkeys(part[:LONGEST] for part in found if part))


def found(name: str) -> list[Path]:
    """Inputs that once were a finding of that judge."""
    return sorted(FOUND.glob(f"{name}-*.bin"))


def _parts(file: Path) -> Iterator[bytes]:
    data = file.read_bytes()
    if file.suffix == ".bin":
        yield from (data[at : at + LONGEST] for at in range(0, len(data), LONGEST))
        return
    yield data
    gathered = b""
    for line in data.splitlines():
        if file.suffix != ".txt":
            yield line
            continue
        digits = (
            line.partition(b"#")[0].split(b" ", 1)[-1]
            if file.name.startswith("llrp")
            else line.partition(b"#")[0]
        )
        with suppress(ValueError):
            frame = bytes.fromhex(digits.decode())
            gathered += frame
            yield frame
    yield gathered
