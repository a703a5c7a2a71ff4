"""Whatever `waypost capture` recorded and somebody put under tests/data says what its about.toml says it does.

A capture is a folder with capture.bin and about.toml; `tags` in it is how many tag reports there are, `broken` how many
stretches that cannot be read.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from drivers.codecs import llrp_decode, m100, mercury, uhfreader
from drivers.codecs.module_decode import decode_lines

FOLDERS = sorted(file.parent for file in (Path(__file__).parent / "data").glob("**/capture.bin"))
DECODE: dict[str, Callable[[bytes], Iterator[Mapping[str, object]]]] = {
    "llrp": llrp_decode.decode_lines,
    "m100": partial(decode_lines, frames=m100.frames, describe=m100.describe),
    "mercury": partial(decode_lines, frames=mercury.both_frames, describe=mercury.describe),
    "uhfreader": partial(decode_lines, frames=uhfreader.frames, describe=uhfreader.describe),
}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: f"{folder.parent.name}-{folder.name}")
def test_a_capture_says_what_it_saw(folder: Path) -> None:
    about = tomllib.loads((folder / "about.toml").read_text(encoding="utf-8"))
    data = (folder / "capture.bin").read_bytes()
    lines = list(DECODE[about["kind"]](data))
    assert len(data) == about["bytes"]
    assert sum("tag" in line for line in lines) == about["tags"]
    assert sum("error" in line for line in lines) == about["broken"]


def test_there_is_one() -> None:
    assert FOLDERS
