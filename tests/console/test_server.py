"""The server over a real socket: heads that are too long or too slow, proxies that are believed or not."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Request

from console import server as server_module
from console.server import create_server
from console.settings import ConsoleSettings


def application() -> FastAPI:
    app = FastAPI()

    @app.get("/who")
    async def who(request: Request) -> str:
        assert request.client is not None
        return f"{request.url.scheme} {request.client.host}"

    return app


@asynccontextmanager
async def serving(**settings: object) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = create_server(application(), ConsoleSettings(**settings, _env_file=None))
        task = asyncio.create_task(server._serve([listener]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        await task


Ask = Callable[[bytes], asyncio.Future[bytes]]


async def ask(port: int, text: bytes) -> bytes:
    """All that is answered until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text)
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


FORWARDED = b"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n"


@pytest.mark.parametrize(
    ("trusted", "wanted"),
    [
        ("127.0.0.1", b"https 203.0.113.7"),
        ("10.0.0.0/8, 127.0.0.0/24", b"https 203.0.113.7"),
        ("10.0.0.1", b"http 127.0.0.1"),
        ("", b"http 127.0.0.1"),
    ],
)
async def test_only_the_word_of_a_trusted_proxy_counts(trusted: str, wanted: bytes) -> None:
    async with serving(trusted_proxies=trusted) as port:
        answer = await ask(port, b"GET /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + FORWARDED + b"\r\n")
    assert wanted in answer


@pytest.mark.parametrize("text", [b"GET /who?" + b"x" * 40_000, b"GET /who HTTP/1.1\r\nA: " + b"x" * 40_000])
async def test_a_long_head_is_refused(text: bytes) -> None:
    async with serving() as port:
        assert (await ask(port, text)).startswith(b"HTTP/1.1 400")


async def test_a_slow_head_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.3)
    whole = b"GET /who HTTP/1.1\r\nHost: x\r\n\r\n"
    async with serving() as port:
        assert await ask(port, b"") == b""
        assert await ask(port, b"GET /who HTTP/1.1\r\n") == b""
        first_then_slow = await ask(port, whole + b"GET /who")
        assert first_then_slow.startswith(b"HTTP/1.1 200")
        assert first_then_slow.count(b"HTTP/1.1") == 1


async def test_a_head_in_time_is_served_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEAD_SECONDS", 0.2)
    app = application()

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.5)
        return "there"

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = create_server(app, ConsoleSettings(_env_file=None))
        task = asyncio.create_task(server._serve([listener]))
        request = b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert b"there" in await ask(listener.getsockname()[1], request)
        server.should_exit = True
        await task
