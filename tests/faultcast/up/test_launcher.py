"""`faultcast up` as a person runs it: commands typed beside it find it, and Ctrl-C leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.services import free_port

CASE = Path(__file__).parent.parent.parent / "golden" / "cortex-m" / "null-deref-Os"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def faultcast(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "faultcast", *map(str, words)]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("FAULTCAST_")}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=60, check=False)


def test_commands_in_its_folder_find_it_and_it_stops_without_a_trace(tmp_path: Path) -> None:
    port, redis_port = free_port(), free_port()
    arguments = ["up", "--port", str(port), "--redis-port", str(redis_port)]
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
    finally:
        up.send_signal(signal.SIGINT)
        assert up.wait(60) == 0
    log_text = (tmp_path / "log").read_text()
    for name in ("ingest-1", "reassembler-1", "analyzer-1", "broker", "redis"):
        assert f"{name}  stopped" in log_text
    assert not (tmp_path / "data" / "up.env").exists()
