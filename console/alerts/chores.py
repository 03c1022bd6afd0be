"""What alerts do beside pages and intake: deliver, and look at what no crash shows."""

import asyncio

from redis.asyncio import Redis

from console.alerts.deliver import Courier
from console.alerts.watch import Watch
from console.database import Database
from console.settings import ConsoleSettings


async def run_alerts(settings: ConsoleSettings, database: Database, redis: Redis, stop: asyncio.Event) -> None:
    """Work until `stop`; what is being sent is finished first."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Courier(database).run(stop))
        tasks.create_task(Watch(settings, database, redis).run(stop))
