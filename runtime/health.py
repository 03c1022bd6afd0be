"""What an orchestrator and Prometheus ask a worker: `/health/live`, `/health/ready`, `/metrics`."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contract.errors import FaultcastError, ServiceError

Check = Callable[[], Awaitable[None]]
"""Raises a `FaultcastError` when the dependency does not do its part."""

CHECK_SECONDS = 3.0


class CannotListen(ServiceError):
    """The address for health and metrics cannot be had."""

    code = "cannot-listen"


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


@asynccontextmanager
async def serve_health(host: str, port: int, checks: Mapping[str, Check]) -> AsyncGenerator[None]:
    """Serve for as long as the body runs; nothing when `port` is 0.

    Raises:
        CannotListen: the port is taken, or the address is none of this machine's.
    """
    if port == 0:
        yield
        return
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise CannotListen(
            f"cannot serve health and metrics on {host}:{port} ({error.strerror or error}): "
            "set FAULTCAST_HTTP_PORT to a free port, or to 0 for none"
        ) from error
    config = uvicorn.Config(
        health_app(checks), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    # The worker has its own signal handlers; uvicorn's serve() would replace them.
    serving = asyncio.create_task(server._serve([listener]))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except TimeoutError:
        return "no answer in time"
    except FaultcastError as error:
        return f"{error.code}: {error}"
    except Exception as error:  # noqa: BLE001 (a check that breaks is no sign of health)
        return f"{FaultcastError.code}: {type(error).__name__}"
    return "ok"
