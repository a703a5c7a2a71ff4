"""One judge in a process of its own: python tests/fuzz/one.py guided|chance JUDGE INPUTS FOLDER. An input that it does
not take is written into FOLDER, and the exit status is not 0; FOLDER/corpus is what there is to begin with.

Guided by atheris, which sees the lines of the codecs that an input reaches and adds it to the corpus; or by chance.
"""

import hashlib
import random
import resource
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

MOST_MEGABYTES = 150
"""That a codec may take beyond what the process had, with what a session may remember of 100,000 tags."""
MOST_GUIDED = 1024
"""The same with atheris, which leaks some kilobytes with each input: there it stops what runs away only."""
SLOWEST_SECONDS = 20
_LOOK_EVERY = 1000
LONGEST = 512


def main() -> int:
    """The command; returns its exit code."""
    how, name, inputs, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    return (guided if how == "guided" else by_chance)(name, inputs, folder)


def guided(name: str, inputs: int, folder: Path) -> int:
    """Does not return: atheris ends the process."""
    atheris = import_module("atheris")  # it has no type stubs, and is not there for every machine
    with atheris.instrument_imports(include=["drivers.codecs"], enable_loader_override=False):
        from tests.fuzz.judges import judges

    options = (
        f"-atheris_runs={inputs}", f"-max_len={LONGEST}", f"-rss_limit_mb={MOST_GUIDED}",
        f"-timeout={SLOWEST_SECONDS}", f"-artifact_prefix={folder}/", f"-seed={inputs}",
    )  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(folder / "corpus")], judges()[name])
    atheris.Fuzz()
    return 0


def by_chance(name: str, inputs: int, folder: Path) -> int:
    """What stands in the corpus, changed; another way each time."""
    from tests.fuzz.judges import judges
    from tests.fuzz.mutation import mutated

    known = [file.read_bytes() for file in sorted((folder / "corpus").iterdir())]
    chance = random.Random()
    return 0 if tried(judges()[name], lambda: mutated(known, chance, LONGEST), inputs, folder) else 1


def tried(judge: Callable[[bytes], None], another: Callable[[], bytes], inputs: int, folder: Path) -> bool:
    """False at the first input that is not taken, which is written into `folder` then."""
    before = _megabytes()
    for number in range(inputs):
        data = another()
        try:
            judge(data)
            if number % _LOOK_EVERY == 0 and (grown := _megabytes() - before) > MOST_MEGABYTES:
                raise MemoryError(f"{grown} MB more after {number} inputs")
        except Exception:
            traceback.print_exc()
            (folder / f"crash-{hashlib.sha1(data).hexdigest()}").write_bytes(data)
            return False
    return True


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    sys.exit(main())
