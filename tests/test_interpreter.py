"""The interpreter as the daemon has set it up: asked in a process of its own, since it holds for all of one."""

import gc
import os
import socket
import subprocess
import sys
from pathlib import Path

from gateway.interpreter import SWITCH, YOUNG

ROOT = Path(__file__).parent.parent
SITE = '[site]\nid = "s"\n[[zone]]\nid = "z"\n[[device]]\nid = "r"\nkind = "recorded"\nantennas = [{ port = 0, zone = "z" }]\n'
RUN = """
import gc, sys
from gateway.commands.run import main
status = main(sys.argv[1:])
print(status, sys.getswitchinterval(), gc.get_threshold()[0], gc.get_freeze_count(), len(gc.get_objects()))
"""

REBUILT = """
import asyncio, gc, weakref
from gateway import interpreter
from tests.fix_writer import Bench, Memory, Tallies, Tally

class Ring(Tally):
    def __init__(self, state=None):
        super().__init__(state)
        self.itself = self

class Rings(Tallies):
    def fresh(self):
        return Ring()

async def main():
    bench = Bench(Memory(), Rings())
    with bench.thread:
        await bench.writer.recover()
        print(gc.get_freeze_count())
        interpreter.settle()
        old = weakref.ref(bench.writer.pipeline)
        await bench.writer.recover()
        print(old() is None, gc.get_freeze_count() > 0)

asyncio.run(main())
"""


def test_a_running_daemon_shares_the_interpreter_and_spares_the_collector(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text(SITE)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        command = [sys.executable, "-c", RUN, str(path)]
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        ) as daemon:
            try:
                while systemd.recv(1000) != b"READY=1":
                    pass
                daemon.terminate()
                said, _ = daemon.communicate(timeout=60)
            finally:
                daemon.kill()
    status, interval, young, frozen, looked_at = said.split()
    assert (status, float(interval), young) == ("0", SWITCH, str(YOUNG))
    assert int(frozen) > 10 * int(looked_at)


def test_a_state_that_was_rebuilt_is_given_back() -> None:
    """It is a ring of objects, which the collector has to find although it was told to leave them alone."""
    done = subprocess.run(
        [sys.executable, "-c", REBUILT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "True", "True"]


def test_nothing_here_is_frozen() -> None:
    """What the tests leave behind has to be found by the collector."""
    assert gc.get_freeze_count() == 0
