"""`make fuzz`: every codec of the catalog under arbitrary bytes, in processes of its own.

    python tests/fuzz/run.py [--inputs 20000] [JUDGE ...]

A line per judge: inputs guided by atheris, a quarter as many more by chance, in a process whose memory is watched, and
the seconds. What is found stands in tests/data/fuzz as NAME-HASH.bin afterwards, and is a test from then on; exit status
1. atheris is put into .fuzz, by its hash; where there is none for this machine all inputs are by chance, and that is said.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
ENGINE = ROOT / ".fuzz"
LOCK = Path(__file__).with_name("requirements.lock")
GUIDED_AT_ONCE = 5_000
"""Inputs of one process; the next one goes on with the corpus."""
_TAIL = 30


def install() -> bool:
    """Put atheris into .fuzz, once; False if there is none for this machine."""
    ready = ENGINE / ".ready"
    if not ready.exists() or ready.read_text() != LOCK.read_text():
        options = ("--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "--upgrade")
        command = (sys.executable, "-m", "pip", "install", *options, "--target", ENGINE, "-r", LOCK)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"no atheris, so all inputs are made by chance: {_last_line(done.stderr)}")
            return False
        ready.write_text(LOCK.read_text())
    return True


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]


def main() -> int:
    """The command; returns its exit code."""
    from tests.fuzz.judges import judges

    parser = argparse.ArgumentParser(description="Every codec under arbitrary bytes.")
    parser.add_argument("--inputs", type=int, default=20_000, help="for each (default 20,000)")
    parser.add_argument("judges", nargs="*", help=f"of {', '.join(judges())}; all of them by default")
    asked = parser.parse_args()
    unknown = sorted(set(asked.judges) - judges().keys())
    if unknown:
        parser.error(f"no judge {unknown[0]}; there are {', '.join(judges())}")
    how = (
        (("guided", asked.inputs), ("chance", asked.inputs // 4))
        if install()
        else (("chance", asked.inputs),)
    )
    return max(fuzz(name, how) for name in asked.judges or judges())


def fuzz(name: str, how: tuple[tuple[str, int], ...]) -> int:
    """Run one; 1 if it found something."""
    began, told = time.monotonic(), []
    with TemporaryDirectory(prefix="waypost-fuzz-") as made:
        folder = Path(made)
        _begin(name, folder / "corpus")
        for kind, inputs in how:
            for part in _parts(inputs, GUIDED_AT_ONCE if kind == "guided" else inputs):
                done = _one(kind, name, part, folder)
                kept = [keep(name, file) for file in sorted(folder.glob("*-*"))]
                if kept or not (done.returncode == 0 or _is_done(done, part)):
                    print(_why(done))
                    print(
                        f"{name}: exit status {done.returncode}, found: {', '.join(map(str, kept)) or 'see above'}",
                        flush=True,
                    )
                    return 1
            told.append(f"{inputs} inputs {'guided' if kind == 'guided' else 'by chance'}")
    print(f"{name}: {', '.join(told)}, {time.monotonic() - began:.0f} s, nothing found", flush=True)
    return 0


def _begin(name: str, corpus: Path) -> None:
    from tests.fuzz.seeds import found, seeds

    corpus.mkdir()
    for number, seed in enumerate([*seeds(name), *(file.read_bytes() for file in found(name))]):
        (corpus / str(number)).write_bytes(seed)


def _why(process: subprocess.CompletedProcess[str]) -> str:
    """The traceback, if there is one; atheris tells of it on stdout, and of its progress on stderr."""
    said = process.stdout if "Traceback" in process.stdout else process.stdout + process.stderr
    return "\n".join(said.strip().splitlines()[-_TAIL:])


def _is_done(process: subprocess.CompletedProcess[str], inputs: int) -> bool:
    """All inputs were taken, though the interpreter did not survive atheris' end, as it happens."""
    return f"Done {inputs} in " in process.stderr


def _parts(inputs: int, most: int) -> list[int]:
    """That many, `most` at once."""
    whole, rest = divmod(inputs, max(most, 1))
    return [most] * whole + ([rest] if rest else [])


def _one(kind: str, name: str, inputs: int, folder: Path) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, Path(__file__).with_name("one.py"), kind, name, str(inputs), folder)
    environment = os.environ | {"PYTHONPATH": str(ENGINE)}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace", check=False
    )


def keep(name: str, file: Path) -> Path:
    """The input, where it is a test."""
    from tests.fuzz.seeds import FOUND

    kept = FOUND / f"{name}-{file.name.rpartition('-')[2][:12]}.bin"
    kept.write_bytes(file.read_bytes())
    return kept.relative_to(ROOT)


if __name__ == "__main__":
    sys.exit(main())
