"""sllurp, the usual LLRP client in Python, on the same byte stream: how many times as fast are we?

sllurp is free software under another licence: it is never imported here, only run by the Python of an environment of
its own (`make peers` makes one), where it connects to the same scripted readers.
"""

import json
import multiprocessing
import os
import subprocess
from pathlib import Path

from gateway.bench.live import GATEWAY_CORE, PATIENCE, READER_CORE, Failed, Process, ports_of
from gateway.bench.rows import Row
from gateway.bench.script import Script, play
from gateway.bench.wire import Load

PEERS = Path(".peers")
TARGET = 20.0
WARM_UP = 1.0

CLIENT = """
import json, sys, threading, time
from sllurp.llrp import LLRPReaderClient, LLRPReaderConfig
port, seconds, warm_up = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
tags = 0
first = threading.Event()
def received(reader, reports):
    global tags
    tags += len(reports)
    first.set()
client = LLRPReaderClient("127.0.0.1", port, LLRPReaderConfig({"report_every_n_tags": 50}))
client.add_tag_report_callback(received)
client.connect()
if not first.wait(30):
    sys.exit("no tags within 30 s")
time.sleep(warm_up)
before, began, cpu = tags, time.perf_counter(), time.process_time()
time.sleep(seconds)
elapsed, spent = time.perf_counter() - began, time.process_time() - cpu
print(json.dumps({"rate": (tags - before) / elapsed, "cpu": spent / max(1, tags - before)}), flush=True)
__import__("os")._exit(0)
"""


def sllurp(seconds: float, load: Load, ours: float | None, python: Path = PEERS / "bin" / "python") -> Row:
    """Our rate of `load` in reads/s, as measured in this run, over sllurp's."""
    what = "our rate over sllurp's on the same stream"
    if not python.exists():
        missing = f"{python} is missing: `make peers` installs sllurp in an environment of its own"
        return Row("sllurp", what, None, "times", missing, TARGET)
    if ours is None:
        return Row("sllurp", what, None, "times", "our own rate was not measured: run `wire` too", TARGET)
    theirs, cpu = _measured(seconds, load, python)
    text = f"sllurp: {theirs:,.0f} reads/s, {cpu * 1e9:,.0f} ns/read, on the same core from the same readers"
    return Row("sllurp", what, ours / theirs, "times", text, TARGET)


def _measured(seconds: float, load: Load, python: Path) -> tuple[float, float]:
    script = Script((load.cast,), load.sizes, rounds=max(1, 6400 // sum(load.sizes)))
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    child = spawn.Process(target=play, args=(script, READER_CORE, theirs), daemon=True)
    child.start()
    readers = Process("readers", child, ours)
    try:
        (port,) = ports_of(readers)
        return _run([str(python), "-c", CLIENT, str(port), str(seconds), str(WARM_UP)], seconds)
    finally:
        readers.end()


def _run(command: list[str], seconds: float) -> tuple[float, float]:
    def pinned() -> None:
        os.sched_setaffinity(0, {GATEWAY_CORE})

    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds + PATIENCE, preexec_fn=pinned
        )
        found = json.loads(done.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, json.JSONDecodeError) as error:
        raise Failed(f"sllurp gave no result: {error}") from None
    return float(found["rate"]), float(found["cpu"])
