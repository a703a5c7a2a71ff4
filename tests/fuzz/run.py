"""`make fuzz`: every codec of the catalog under arbitrary bytes, each in a process of its own.

    python tests/fuzz/run.py [--inputs 20000] [JUDGE ...]

A line per judge: inputs, seconds, the most memory. What is found stands in tests/data/fuzz as NAME-HASH.bin afterwards,
and is a test from then on; exit status 1. atheris is put into .fuzz, by its hash; where there is none for this machine,
inputs are made by chance, and that is said.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
ENGINE = ROOT / ".fuzz"
LOCK = Path(__file__).with_name("requirements.lock")
_TAIL = 30


def install() -> bool:
    """Put atheris into .fuzz, once; False if there is none for this machine."""
    ready = ENGINE / ".ready"
    if not ready.exists() or ready.read_text() != LOCK.read_text():
        options = ("--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "--upgrade")
        command = (sys.executable, "-m", "pip", "install", *options, "--target", ENGINE, "-r", LOCK)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"atheris cannot be installed, so inputs are made by chance: {_last_line(done.stderr)}")
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
    install()
    return max(fuzz(name, asked.inputs) for name in asked.judges or judges())


def fuzz(name: str, inputs: int) -> int:
    """Run one; 1 if it found something."""
    began = time.monotonic()
    with TemporaryDirectory(prefix="waypost-fuzz-") as folder:
        done = subprocess.run(
            (sys.executable, Path(__file__).with_name("one.py"), name, str(inputs), folder),
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ENGINE)},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        kept = [keep(name, file) for file in sorted(Path(folder).glob("*-*"))]
    seconds = time.monotonic() - began
    if done.returncode == 0 and not kept:
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        print(
            f"{name}: {inputs} inputs in {seconds:.0f} s, nothing found; at most {most} MB so far", flush=True
        )
        return 0
    print("\n".join((done.stdout + done.stderr).splitlines()[-_TAIL:]))
    print(f"{name}: found after {seconds:.0f} s: {', '.join(map(str, kept)) or 'see above'}", flush=True)
    return 1


def keep(name: str, file: Path) -> Path:
    """The input, where it is a test."""
    from tests.fuzz.seeds import FOUND

    kept = FOUND / f"{name}-{file.name.rpartition('-')[2][:12]}.bin"
    kept.write_bytes(file.read_bytes())
    return kept.relative_to(ROOT)


if __name__ == "__main__":
    sys.exit(main())
