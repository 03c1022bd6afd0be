"""The dependencies a worker verifies before it starts and answers for while it runs."""

import asyncio

from runtime.health import Check
from runtime.mqtt import verify_broker
from runtime.settings import Settings
from runtime.store import FolderStore
from runtime.streams import connect_streams, verify_streams


def dependency_checks(settings: Settings, store: FolderStore | None = None) -> dict[str, Check]:
    """Broker and Redis, and the store for a worker that writes to it."""

    async def broker() -> None:
        await verify_broker(settings)

    async def streams() -> None:
        async with connect_streams(settings) as redis:
            await verify_streams(redis, settings)

    checks: dict[str, Check] = {"broker": broker, "redis": streams}
    if store is not None:
        writable = store.verify

        async def folder() -> None:
            await asyncio.to_thread(writable)

        checks["store"] = folder
    return checks
