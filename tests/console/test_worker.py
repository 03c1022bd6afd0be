"""The console's process: first start, draining, and what happens while something that it needs is away."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis
from support.crashes import crash_event
from support.installation import environment
from support.services import free_port, local_redis

from contract.event import encode_event
from contract.records import Keys
from runtime.settings import Settings

pytestmark = pytest.mark.services

Start = Callable[..., "Running"]


class Running:
    """A console process, and what it wrote."""

    def __init__(self, settings: Settings, log: Path, **more: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log
        variables = environment(settings) | {
            "FAULTCAST_CONSOLE_PORT": str(self.port),
            "FAULTCAST_HTTP_PORT": "0",
            **more,
        }
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "faultcast", "console"], env=os.environ | variables, stdout=out, stderr=out
            )

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def up(self) -> "Running":
        """Wait until it answers."""
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{self.url}/sign-in", timeout=5)
            except httpx.TransportError:
                assert self.process.poll() is None, self.output
                assert time.monotonic() < deadline, self.output
                time.sleep(0.05)
            else:
                return self

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(20)


@pytest.fixture
def start(settings: Settings, tmp_path: Path) -> Iterator[Start]:
    """Starts consoles; those that still run are killed."""
    running: list[Running] = []

    def start(settings: Settings = settings, **more: str) -> Running:
        running.append(Running(settings, tmp_path / f"log-{len(running)}", **more))
        return running[-1]

    yield start
    for each in running:
        each.process.kill()
        each.process.wait()


@contextmanager
def admin(console: Running) -> Iterator[httpx.Client]:
    """Sign in as the first admin did, by the password that was printed."""
    found = re.search(r"name +(\S+)\n +password +(\S+)", console.output)
    assert found, console.output
    with httpx.Client(base_url=console.url, timeout=10) as client:
        answer = client.post("/sign-in", data={"name": found[1], "password": found[2]})
        assert answer.status_code == 303, answer.text
        csrf = client.get("/api/v1/me").json()["csrf"]
        changed = client.post(
            "/password",
            data={"csrf": csrf, "current": found[2], "password": "a better one by far", "again": "a better one by far"},
        )
        assert changed.status_code == 303, changed.text
        yield client


def test_the_first_start_makes_an_admin_and_the_second_one_does_not(start: Start, database_url: str) -> None:
    url = database_url.replace("+aiosqlite", "").replace("+asyncpg", "")
    console = start(FAULTCAST_DATABASE_URL=url).up()
    with admin(console) as client:
        assert client.get("/api/v1/events").json()["items"] == []
    assert console.stop() == 0
    again = start(FAULTCAST_DATABASE_URL=url).up()
    assert "password" not in again.output
    assert again.stop() == 0


async def test_it_drains_while_somebody_follows(start: Start, settings: Settings, redis: Redis) -> None:
    console = start().up()
    with admin(console) as client, client.stream("GET", "/api/v1/events/live", timeout=10) as stream:
        lines = stream.iter_lines()
        assert "retry" in next(lines)
        await redis.xadd(Keys(settings.key_prefix).events, {"event": encode_event(crash_event(3))})
        assert any("read_sensor" in line for line in lines if line.startswith("data"))
        began = time.monotonic()
        console.process.terminate()
        list(lines)  # the stream ends, it is not cut off
    assert console.process.wait(20) == 0, console.output
    assert time.monotonic() - began < 8
    assert "drained and stopped" in console.output
    assert "Traceback" not in console.output


def test_a_port_that_is_taken_is_said(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        console = start(FAULTCAST_CONSOLE_PORT=str(port))
        assert console.process.wait(60) != 0
    assert f"cannot serve the console on 127.0.0.1:{port}" in console.output
    assert "FAULTCAST_CONSOLE_PORT" in console.output
    assert "Traceback" not in console.output


async def test_pages_stay_up_while_redis_is_away_and_it_catches_up(
    start: Start, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "own-redis"
    folder.mkdir()
    service = local_redis(folder)
    own = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{service.port}/0"})
    key = Keys(own.key_prefix).events
    try:
        console = start(own).up()
        with admin(console) as client:
            service.kill()
            for path in ("/events", "/api/v1/events", "/account"):
                assert client.get(path).status_code == 200, path
            service.start()
            async with Redis(port=service.port, protocol=2) as redis:
                for number in range(20):
                    await redis.xadd(key, {"event": encode_event(crash_event(number))})
            async with asyncio.timeout(40):
                while len(client.get("/api/v1/events").json()["items"]) < 20:
                    await asyncio.sleep(0.1)
        assert console.stop() == 0
        assert "Traceback" not in console.output
    finally:
        service.kill()
