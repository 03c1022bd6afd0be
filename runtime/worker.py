"""The life of a worker process: verify every dependency, work, and drain on SIGTERM or SIGINT."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping

from contract.errors import ServiceError
from runtime.health import Check, serve_health
from runtime.logs import configure_logs, get_logger
from runtime.rest import rest
from runtime.settings import Settings

log = get_logger(__name__)

Work = Callable[[asyncio.Event], Awaitable[None]]
"""The stage itself: returns soon after the event is set, with everything it took finished or given back."""

START_SECONDS = 60.0
"""How long a worker waits at start-up for its dependencies before it gives up with their message."""


def run_worker(settings: Settings, stage: str, work: Work, checks: Mapping[str, Check]) -> None:
    """Run one worker until a signal stops it.

    Raises:
        ServiceError: a dependency did not come up within a minute of the start, or the health page's port is taken.
    """
    configure_logs(settings, stage)
    asyncio.run(_run(settings, work, checks))


async def _run(settings: Settings, work: Work, checks: Mapping[str, Check]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serve_health(settings.http_host, settings.http_port, checks):
        if await _verify(checks, stop):
            log.info("ready", partitions=settings.partitions)
            await work(stop)
            log.info("drained and stopped")


async def _verify(checks: Mapping[str, Check], stop: asyncio.Event) -> bool:
    """Ask each dependency until it answers; False when stopped meanwhile."""
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    for name, check in checks.items():
        while not stop.is_set():
            try:
                await check()
                break
            except ServiceError as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                log.warning("waiting for a dependency", dependency=name, code=error.code, reason=str(error))
                await rest(stop, 1.0)
    return not stop.is_set()
