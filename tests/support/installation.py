"""A whole installation for a test: services and workers as processes, restarted when they die."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from contract.records import Keys
from faultcast.up.launcher import STAGES
from faultcast.up.services import Program
from faultcast.up.supervisor import Supervisor
from runtime.mqtt import broker_connection
from runtime.settings import Settings


def environment(settings: Settings) -> dict[str, str]:
    """The settings as a worker process takes them."""
    return {f"FAULTCAST_{name.upper()}": str(getattr(settings, name)) for name in type(settings).model_fields}


@asynccontextmanager
async def workers(settings: Settings, each: int = 1) -> AsyncIterator[Supervisor]:
    """`each` workers of every kind."""
    lines: list[str] = []
    supervisor = Supervisor(lambda name, text: lines.append(f"{name}: {text}"))
    programs = [
        Program(
            f"{stage}-{number}",
            [sys.executable, "-m", "faultcast", stage],
            environment(settings) | {"FAULTCAST_WORKER": f"{stage}-{number}", "FAULTCAST_LOG_LEVEL": "warning"},
        )
        for stage in reversed(STAGES)
        for number in range(1, each + 1)
    ]
    try:
        await supervisor.start(programs)
        await _taking_messages(settings)
        yield supervisor
    finally:
        await supervisor.stop()


async def _taking_messages(settings: Settings) -> None:
    """Wait until ingest is subscribed: a device would simply send again, a test may not."""
    refused = Keys(settings.key_prefix).refused(0)
    redis = Redis.from_url(settings.redis_url, protocol=2)
    async with asyncio.timeout(60), broker_connection(settings, f"probe-{settings.key_prefix}") as client:
        while not await redis.exists(refused):
            await client.publish(settings.topics.dump("probe"), b"no chunk")
            await asyncio.sleep(0.2)
    await redis.aclose()


def kill_9(supervisor: Supervisor, name: str) -> None:
    """What a machine that loses power does to a worker."""
    pid = supervisor.pid(name)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
