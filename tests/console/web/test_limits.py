"""Bodies that are too large or too slow, over real HTTP and without."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from console.web import limits
from console.web.limits import MAX_BODY, BodyLimits


async def size(request: Request) -> Response:
    return JSONResponse(len(await request.body()))


async def wait(request: Request) -> Response:
    await request.body()
    await asyncio.sleep(0.2)
    return PlainTextResponse("done")


@pytest.fixture
def app() -> ASGIApp:
    paths = ("/api/v1/size", "/api/v1/upload", "/size")
    app = Starlette(routes=[*(Route(path, size, methods=["POST"]) for path in paths), Route("/api/v1/wait", wait)])
    app.add_middleware(BodyLimits, uploads={"/api/v1/upload"})
    return app


@pytest.fixture
async def client(app: ASGIApp) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://console.test") as client:
        yield client


async def pieces(count: int, pause: float = 0) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 65_536
        await asyncio.sleep(pause)


async def test_a_body_up_to_the_limit_is_taken(client: AsyncClient) -> None:
    assert (await client.post("/api/v1/size", content=b"x" * MAX_BODY)).json() == MAX_BODY
    assert (await client.post("/api/v1/size", content=pieces(16))).json() == MAX_BODY


async def test_more_is_refused_announced_or_not(client: AsyncClient) -> None:
    announced = await client.post("/api/v1/size", content=b"x" * (MAX_BODY + 1))
    assert (announced.status_code, announced.json()["code"]) == (413, "limit")
    assert announced.headers["connection"] == "close"
    assert (await client.post("/api/v1/size", content=pieces(17))).status_code == 413
    page = await client.post("/size", content=b"x" * (MAX_BODY + 1))
    assert page.status_code == 413
    assert page.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("length", ["9" * 5000, "1048577"])
async def test_an_announced_size_is_refused_before_anything_is_read(app: ASGIApp, length: str) -> None:
    sent: list[int] = []

    async def receive() -> dict[str, object]:
        raise AssertionError("it was read")

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            sent.append(message["status"])  # type: ignore[arg-type]

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/size",
        "query_string": b"",
        "headers": [(b"content-length", length.encode())],
    }
    await app(scope, receive, send)  # type: ignore[arg-type]
    assert sent == [413]


async def test_an_upload_may_be_larger(client: AsyncClient) -> None:
    assert (await client.post("/api/v1/upload", content=pieces(40))).json() == 40 * 65_536


async def test_a_slow_body_is_given_up_and_a_slow_upload_only_when_it_stands_still(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.1)
    monkeypatch.setattr(limits, "IDLE_SECONDS", 0.1)
    assert (await client.post("/api/v1/size", content=pieces(10, 0.04))).status_code == 408
    assert (await client.post("/api/v1/upload", content=pieces(5, 0.04))).status_code == 200
    assert (await client.post("/api/v1/upload", content=pieces(2, 0.3))).status_code == 408
    assert (await client.get("/api/v1/wait")).text == "done"
