"""One judge in a process of its own: python tests/fuzz/one.py JUDGE INPUTS FOLDER; an input that it does not take is
written into FOLDER, and the exit status is not 0.

With atheris, where it is installed, guided by which lines of the codecs an input reaches; else by chance.
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

MOST_MEGABYTES = 512
"""Of the whole process, the interpreter and the fuzzer's own inputs with it."""
SLOWEST_SECONDS = 20
_LOOK_EVERY = 1000
LONGEST = 512


def main() -> int:
    """The command; returns its exit code."""
    name, inputs, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    try:
        atheris = import_module("atheris")  # no type stubs, and not for every machine
    except ImportError:
        return by_chance(name, inputs, folder)
    with atheris.instrument_imports(include=["drivers.codecs"], enable_loader_override=False):
        from tests.fuzz.judges import judges
    from tests.fuzz.seeds import found, seeds

    corpus = folder / "corpus"
    corpus.mkdir()
    for number, seed in enumerate([*seeds(name), *(file.read_bytes() for file in found(name))]):
        (corpus / str(number)).write_bytes(seed)
    options = (
        f"-atheris_runs={inputs}", f"-max_len={LONGEST}", f"-rss_limit_mb={MOST_MEGABYTES}",
        f"-timeout={SLOWEST_SECONDS}", f"-artifact_prefix={folder}/", "-print_final_stats=1", "-seed=0",
    )  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], judges()[name])
    atheris.Fuzz()
    return 0


def by_chance(name: str, inputs: int, folder: Path) -> int:
    """Another seed each time."""
    from tests.fuzz.judges import judges
    from tests.fuzz.mutation import mutated
    from tests.fuzz.seeds import seeds

    chance, known = random.Random(), seeds(name)
    return 0 if tried(judges()[name], lambda: mutated(known, chance, LONGEST), inputs, folder) else 1


def tried(judge: Callable[[bytes], None], another: Callable[[], bytes], inputs: int, folder: Path) -> bool:
    """False at the first input that is not taken, which is written into `folder` then."""
    for number in range(inputs):
        data = another()
        try:
            judge(data)
            if number % _LOOK_EVERY == 0 and _megabytes() > MOST_MEGABYTES:
                raise MemoryError(f"{_megabytes()} MB after {number} inputs")
        except Exception:
            traceback.print_exc()
            (folder / f"crash-{hashlib.sha1(data).hexdigest()}").write_bytes(data)
            return False
    return True


def _megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    sys.exit(main())
