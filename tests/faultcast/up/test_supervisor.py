import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
from support.services import free_port

from faultcast.up.services import Program
from faultcast.up.supervisor import StartFailed, Supervisor

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
LISTEN = "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, name: str, text: str) -> None:
        self.lines.append(f"{name}: {text}")


async def test_a_killed_process_is_started_again() -> None:
    log = Log()
    supervisor = Supervisor(log)
    await supervisor.start([Program("sleeper", SLEEP)])
    first = supervisor.pid("sleeper")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(10):
        while supervisor.pid("sleeper") == first:
            await asyncio.sleep(0.02)
    await supervisor.stop()
    assert log.lines == ["sleeper: ended with -9; starting it again in 0.2 s", "sleeper: stopped"]


async def test_processes_stop_in_the_opposite_order() -> None:
    log = Log()
    supervisor = Supervisor(log)
    await supervisor.start([Program("first", SLEEP), Program("second", SLEEP)])
    await supervisor.stop()
    assert log.lines == ["second: stopped", "first: stopped"]


async def test_a_process_that_does_not_stop_is_killed_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("faultcast.up.supervisor.STOP_SECONDS", 0.5)
    marker = tmp_path / "up"
    code = STUBBORN.replace("print('up', flush=True)", f"open({str(marker)!r}, 'w').close()")
    log = Log()
    supervisor = Supervisor(log)
    await supervisor.start([Program("stubborn", [sys.executable, "-c", code])])
    async with asyncio.timeout(10):
        while not marker.exists():
            await asyncio.sleep(0.02)
    await supervisor.stop()
    assert log.lines[-1].startswith("stubborn: killed")


async def test_start_returns_when_the_program_listens() -> None:
    port = free_port()
    supervisor = Supervisor(Log())
    await supervisor.start([Program("server", [sys.executable, "-c", LISTEN, str(port)], port=port)])
    socket.create_connection(("127.0.0.1", port)).close()
    await supervisor.stop()


async def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        supervisor = Supervisor(Log())
        with pytest.raises(StartFailed, match=f"port {port} for server is taken"):
            await supervisor.start([Program("server", SLEEP, port=port)])
        await supervisor.stop()


async def test_a_program_that_ends_at_once_fails_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faultcast.up.supervisor.START_SECONDS", 1.0)
    supervisor = Supervisor(Log())
    with pytest.raises(StartFailed, match="server does not come up"):
        await supervisor.start([Program("server", [sys.executable, "-c", ""], port=free_port())])
    await supervisor.stop()
