"""The life of a worker process: it verifies, works, and drains on a signal."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.services import free_port

from contract.errors import BrokerUnavailable, InputError
from runtime import worker
from runtime.health import CannotListen
from runtime.settings import Settings

SETTINGS = Settings(_env_file=None)

PROGRAM = """
import asyncio
import sys

from contract.errors import BrokerUnavailable, ServiceError
from runtime.logs import get_logger
from runtime.settings import Settings
from runtime.worker import run_worker

tries = 0


async def check():
    global tries
    tries += 1
    if tries <= {failures}:
        raise BrokerUnavailable("away")


async def work(stop):
    get_logger("test").info("working")
    await stop.wait()
    await asyncio.sleep({drain})
    get_logger("test").info("drained")


run_worker(Settings(http_port={port}, _env_file=None), "test", work, {{"broker": check}})
"""


class Running:
    """A worker process and the lines it logs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.events: list[str] = []

    def until(self, event: str) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.events.append(json.loads(line)["event"])
            if self.events[-1] == event:
                return
        raise AssertionError(f"ended after {self.events}")

    def rest(self) -> int:
        assert self.process.stderr is not None
        self.events += [json.loads(line)["event"] for line in self.process.stderr]
        return self.process.wait(10)


@contextmanager
def running(*, failures: int = 0, drain: float = 0.0, port: int = 0) -> Iterator[Running]:
    program = textwrap.dedent(PROGRAM).format(failures=failures, drain=drain, port=port)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, env=environment)
    try:
        yield Running(process)
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_worker_drain_and_end_well(number: signal.Signals) -> None:
    with running(drain=0.3) as process:
        process.until("working")
        process.process.send_signal(number)
        assert process.rest() == 0
    assert process.events == ["ready", "working", "drained", "drained and stopped"]


def test_a_second_signal_does_not_cut_the_draining_short() -> None:
    with running(drain=0.5) as process:
        process.until("working")
        process.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        process.process.send_signal(signal.SIGTERM)
        assert process.rest() == 0
    assert "drained" in process.events


def test_a_worker_waits_for_a_dependency_that_comes_up_late() -> None:
    with running(failures=1) as process:
        process.until("working")
        process.process.send_signal(signal.SIGTERM)
        assert process.rest() == 0
    assert process.events[:3] == ["waiting for a dependency", "ready", "working"]


def test_a_signal_ends_the_wait_for_a_dependency() -> None:
    with running(failures=99) as process:
        process.until("waiting for a dependency")
        process.process.send_signal(signal.SIGTERM)
        assert process.rest() == 0
    assert "working" not in process.events


async def forever(stop: asyncio.Event) -> None:
    await stop.wait()


async def fine() -> None: ...


async def test_a_dependency_that_stays_away_ends_the_start_with_its_message(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away() -> None:
        raise BrokerUnavailable("no MQTT broker at 127.0.0.1:1")

    monkeypatch.setattr(worker, "START_SECONDS", 0.1)
    with pytest.raises(BrokerUnavailable, match="no MQTT broker"):
        await asyncio.wait_for(worker._run(SETTINGS, forever, {"broker": away}), 5)


async def test_every_dependency_is_verified_before_the_work_begins() -> None:
    order: list[str] = []

    async def first() -> None:
        order.append("first")

    async def second() -> None:
        order.append("second")

    async def work(_: asyncio.Event) -> None:
        order.append("work")

    await worker._run(SETTINGS, work, {"a": first, "b": second})
    assert order == ["first", "second", "work"]


async def test_an_error_of_the_work_is_the_error_of_the_worker() -> None:
    async def work(_: asyncio.Event) -> None:
        raise InputError("broken")

    with pytest.raises(InputError, match="broken"):
        await worker._run(SETTINGS.model_copy(update={"http_port": free_port()}), work, {"a": fine})


async def test_a_taken_port_ends_the_start_with_its_message() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(CannotListen, match=f"127.0.0.1:{port}"):
        await worker._run(SETTINGS.model_copy(update={"http_port": port}), forever, {"a": fine})
    server.close()


async def test_the_health_page_is_there_while_the_worker_waits() -> None:
    """An orchestrator must be able to tell a worker that waits from one that hangs."""
    port = free_port()

    async def away() -> None:
        raise BrokerUnavailable("away")

    running = asyncio.create_task(
        worker._run(SETTINGS.model_copy(update={"http_port": port}), forever, {"broker": away})
    )
    for path, expected in (("live", b"200"), ("ready", b"503")):
        reader, writer = await connect(port)
        writer.write(f"GET /health/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert (await reader.readline()).split()[1] == expected
        writer.close()
        await writer.wait_closed()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(5):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
