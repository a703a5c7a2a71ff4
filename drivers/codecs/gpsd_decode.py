"""What does this gpsd say? One JSON-able object per fix, one per line that makes no sense, and one about the rest."""

from collections import Counter
from collections.abc import Iterator

from drivers.codecs import fix_lines
from drivers.codecs.gpsd import Receivers, parse, text


def decode_lines(data: bytes) -> Iterator[dict[str, object]]:
    """Lines as gpspipe -w writes them; lines that begin with #, or with the $ of a sentence, are none of gpsd's."""
    counts: Counter[str] = Counter()
    receivers = Receivers("", {}, counts)
    others: Counter[str] = Counter()
    for number, line in enumerate(data.split(b"\n"), 1):
        line = line.strip()
        if not line or line[:1] in (b"#", b"$", b"!"):
            continue
        said = parse(line)
        if said is None:
            yield {"error": f"line {number} is no object of gpsd", "text": line[:60].decode(errors="replace")}
        elif text(said, "class") in ("TPV", "SKY", "GST"):
            yield from map(fix_lines.line, receivers.take(said))
        else:
            others[text(said, "class")] += 1
    yield from map(fix_lines.line, receivers.complete())
    yield {"message": "gpsd", **counts, **others}
