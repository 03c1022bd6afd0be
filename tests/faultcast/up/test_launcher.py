"""`faultcast up` as a person runs it: commands typed beside it find it, and Ctrl-C leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from support.services import free_port

from faultcast.up import launcher

CASE = Path(__file__).parent.parent.parent / "golden" / "cortex-m" / "null-deref-Os"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def faultcast(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "faultcast", *map(str, words)]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("FAULTCAST_")}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=60, check=False)


def test_commands_in_its_folder_find_it_and_it_stops_without_a_trace(tmp_path: Path) -> None:
    port, redis_port, console_port = free_port(), free_port(), free_port()
    arguments = ["up", "--port", str(port), "--redis-port", str(redis_port), "--console-port", str(console_port)]
    with (tmp_path / "log").open("w") as log:
        up = subprocess.Popen([sys.executable, "-m", "faultcast", *arguments], cwd=tmp_path, stderr=log)
    deadline = time.monotonic() + 60
    while not (tmp_path / "data" / "up.env").exists():
        assert up.poll() is None, (tmp_path / "log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    try:
        added = faultcast(tmp_path, "firmware", "add", CASE / "firmware.elf")
        assert added.returncode == 0, added.stderr
        sent = faultcast(tmp_path, "send", CASE / "dump.core", "--device", "d", "--broker", f"mqtt://127.0.0.1:{port}")
        assert sent.returncode == 0, sent.stderr
        with urllib.request.urlopen(f"http://127.0.0.1:{console_port}/sign-in") as page:
            assert page.status == 200
        listed = faultcast(tmp_path, "account", "list")
        assert "admin" in listed.stdout, listed.stderr
    finally:
        up.send_signal(signal.SIGINT)
        assert up.wait(60) == 0
    log_text = (tmp_path / "log").read_text()
    for name in ("ingest-1", "reassembler-1", "analyzer-1", "console-1", "broker", "redis"):
        assert f"{name}  stopped" in log_text
    assert f"the console is at http://127.0.0.1:{console_port};" in log_text
    assert log_text.count("(for one sign-in)") == 1
    assert not (tmp_path / "data" / "up.env").exists()


def test_the_console_takes_the_next_port_where_one_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert launcher.free_port(port) > port
    assert launcher.free_port(0) == 0


def test_without_a_console_nothing_is_said_of_one(tmp_path: Path) -> None:
    plan = launcher.Plan(tmp_path)
    assert [program.name for program in launcher.worker_programs(plan)] == ["analyzer-1", "reassembler-1", "ingest-1"]
    assert "FAULTCAST_CONSOLE_URL" not in plan.environment()
