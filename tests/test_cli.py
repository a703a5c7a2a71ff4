"""The command as a person runs it: what it prints where, and its exit status."""

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SITE = '[site]\nid = "s"\n[[zone]]\nid = "z"\n[[device]]\nid = "r"\nkind = "recorded"\nantennas = [{ port = 0, zone = "z" }]\n'


def waypost(*arguments: "str | Path", stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "gateway.cli", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, cwd=ROOT, check=False)


def test_check_tells_errors_on_stdout_and_a_summary_on_stderr(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text(SITE)
    good = waypost("check", path)
    assert (good.returncode, good.stdout) == (0, b"")
    assert good.stderr.decode() == f"{path}: 0 errors, 0 warnings\n"
    path.write_text(SITE.replace('zone = "z"', 'zone = "y"') + "[tag]\n")
    bad = waypost("check", "--config", path, "--json")
    assert bad.returncode == 1
    rows = [json.loads(line) for line in bad.stdout.splitlines()]
    assert [(row["line"], row["key"]) for row in rows] == [(8, "device[0].antennas[0].zone"), (9, "tag")]
    path.write_text("[site\n")
    broken = waypost("check", path)
    assert broken.returncode == 2
    assert f"{path}:1: error: syntax".encode() in broken.stdout
    assert waypost("check", tmp_path / "none").returncode == 2


def test_run_refuses_what_check_refuses(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text(SITE + "[tag]\n")
    bad = waypost("run", path)
    assert bad.returncode == 1
    assert b"unknown key" in bad.stderr
    assert waypost("run", tmp_path / "none").returncode == 2


def test_the_daemon_tells_systemd_and_answers_until_it_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text(SITE)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "60000000"}
        daemon = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "run", str(path), "--json"],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
        )
        try:
            heard = {systemd.recv(1000)}
            while b"READY=1" not in heard:
                heard.add(systemd.recv(1000))
            status = waypost("status", "--config", path, "--json")
            assert status.returncode == 0
            assert json.loads(status.stdout)["devices"]["r"]["state"] == "up"
            assert b"r" in waypost("status", "--config", path).stdout
            assert waypost("run", path).returncode == 3
            daemon.terminate()
            while b"STOPPING=1" not in heard:
                heard.add(systemd.recv(1000))
            _, log = daemon.communicate(timeout=60)
            systemd.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    heard.add(systemd.recv(1000))
        finally:
            daemon.kill()
            daemon.wait()
    assert daemon.returncode == 0
    assert {b"WATCHDOG=1", b"STATUS=ok"} <= heard
    lines = [json.loads(line)["message"] for line in log.splitlines()]
    assert [line for line in lines if line.startswith("site s: ")] == [
        "site s: ready, 1 devices, 0 inputs stepped again",
        "site s: stopped, everything is in the journal",
    ]
    assert waypost("status", "--config", path).returncode == 3
    assert waypost("events", "--config", path, "--json").returncode == 0
    assert waypost("find", "E200", "--config", path, "--json").returncode == 1


def test_the_daemon_loads_neither_typer_nor_rich() -> None:
    code = (
        "import sys; import gateway.cli, gateway.commands.run, gateway.app; "
        "print([name for name in ('typer', 'rich', 'simulators', 'epcpy', 'shapely') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_commands_without_a_journal_or_a_daemon_say_so(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text(SITE)
    for command in (
        ["events"],
        ["find", "x"],
        ["status"],
        ["watch"],
        ["capture", "r", "--to", str(tmp_path / "c")],
    ):
        done = waypost(*command, "--config", path)
        assert (command, done.returncode, done.stdout) == (command, 3, b"")
        assert done.stderr


@pytest.mark.parametrize("hexadecimal", [False, True])
def test_decode_tells_what_a_reader_says(hexadecimal: bool) -> None:
    from drivers.codecs.llrp import Message, Parameter, encode_message

    tag = Parameter(
        "TagReportData",
        {},
        (
            Parameter("EPC_96", {"epc": bytes.fromhex("30340789000C0E42DFDC1C35")}),
            Parameter("AntennaID", {"antenna_id": 2}),
            Parameter("LastSeenTimestampUTC", {"microseconds": 1_777_636_800_000_000}),
        ),
    )
    data = encode_message(Message("RO_ACCESS_REPORT", {}, (tag,))) + encode_message(Message("KEEPALIVE"))
    done = waypost("decode", "llrp", stdin=data.hex("\n", 8).encode() if hexadecimal else data)
    row = json.loads(done.stdout)
    assert (row["tag"], row["antenna"], row["time"]) == (
        "30340789000C0E42DFDC1C35",
        2,
        "2026-05-01T12:00:00.000000Z",
    )
    assert row.get("rssi") is None
    assert json.loads(done.stderr)["message"] == "KEEPALIVE"
    assert waypost("decode", "llrp", stdin=b"\xff" * 20).returncode == 2
    assert waypost("decode", "xyz").returncode == 2


def test_decode_knows_serial_modules() -> None:
    vectors = Path(__file__).parent / "data" / "m100" / "frames.txt"
    done = waypost("decode", "m100", vectors)
    assert [json.loads(line)["rssi"] for line in done.stdout.splitlines()] == [-55, -57, -55, -60]
    assert done.returncode == 2  # the file has bad frames too


def test_help_names_every_command() -> None:
    listed = waypost("--help").stdout.decode()
    for name in [
        "run",
        "check",
        "discover",
        "demo",
        "simulate",
        "status",
        "events",
        "gaps",
        "find",
        "watch",
        "decode",
        "replay",
        "capture",
        "bench",
    ]:
        assert f"  {name} " in listed


def test_the_version_is_told() -> None:
    assert waypost("--version").stdout.decode().startswith("waypost 0.")


def test_bench_tells_what_it_can_measure() -> None:
    told = waypost("bench", "--help").stdout.decode()
    assert "wire-100000" in told
    assert "--seconds" in told


def test_nobody_has_to_read_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text(SITE)
    times = (f"{60 * number},r,0,{number:024X},-50\n" for number in range(1, 2000))
    (tmp_path / "reads.csv").write_text("time,reader,antenna,epc,rssi\n" + "".join(times))
    command = [sys.executable, "-m", "gateway.cli", "replay", str(path), str(tmp_path / "reads.csv")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as replay:
        assert replay.stdout is not None
        assert replay.stderr is not None
        assert b"arrived" in replay.stdout.readline()
        replay.stdout.close()
        assert (replay.stderr.read(), replay.wait()) == (b"", 0)


def test_a_capture_of_nothing_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text(SITE)
    folder = tmp_path / "c"
    assert waypost("capture", "r", "--to", folder, "--config", path).returncode == 3
    unknown = waypost("capture", "q", "--to", folder, "--config", path)
    assert (unknown.returncode, unknown.stderr) == (2, b"no device q; the configuration has r\n")
    assert not folder.exists()


@pytest.mark.parametrize("answer", [b"", b'{"half'])
def test_a_daemon_that_ends_while_it_is_asked_is_told(tmp_path: Path, answer: bytes) -> None:
    path = tmp_path / "w.toml"
    path.write_text(SITE)
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind(str(tmp_path / "waypost.db.sock"))
        daemon.listen()
        for command in ("status", "watch"):
            arguments = [sys.executable, "-m", "gateway.cli", command, "--config", str(path)]
            with subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE) as asking:
                connection, _ = daemon.accept()
                connection.recv(1000)
                connection.sendall(answer)
                connection.close()
                assert asking.stderr is not None
                assert b"has ended; see its log" in asking.stderr.read()
            assert asking.returncode == 3
