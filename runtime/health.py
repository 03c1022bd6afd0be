"""What an orchestrator and Prometheus ask a worker: `/health/live`, `/health/ready`, `/metrics`."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contract.errors import FaultcastError

Check = Callable[[], Awaitable[None]]
"""Raises a `FaultcastError` when the dependency does not do its part."""

CHECK_SECONDS = 3.0


def health_app(checks: Mapping[str, Check]) -> Starlette:
    """The application; `checks` are asked on each request for readiness, all at once."""

    async def live(_: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def ready(_: Request) -> JSONResponse:
        results = dict(zip(checks, await asyncio.gather(*map(_ask, checks.values())), strict=True))
        healthy = all(result == "ok" for result in results.values())
        return JSONResponse(
            {"status": "ok" if healthy else "unavailable", "checks": results}, status_code=200 if healthy else 503
        )

    def metrics(_: Request) -> Response:
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    return Starlette(routes=[Route("/health/live", live), Route("/health/ready", ready), Route("/metrics", metrics)])


async def serve_health(host: str, port: int, checks: Mapping[str, Check]) -> None:
    """Serve until cancelled; returns at once when `port` is 0."""
    if port == 0:
        return
    config = uvicorn.Config(health_app(checks), host=host, port=port, log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    # The worker has its own signal handlers; uvicorn's serve() would replace them.
    await server._serve()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except TimeoutError:
        return "no answer in time"
    except FaultcastError as error:
        return f"{error.code}: {error}"
    return "ok"
