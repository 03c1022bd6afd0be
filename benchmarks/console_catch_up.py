"""Catching up after an outage: how fast, and how long pages take meanwhile (`python -m benchmarks.console_catch_up`).

The console was down for a day. 20,000 crashes wait in the stream: 40 causes, 500 devices, the first ones busiest. Alert
rules watch for new groups, spikes, regressions and loops. The database has 200,000 crashes from before. Pages are asked
for one after the other, before it begins and all the while, in the same process, as it is in real life.
"""

import asyncio
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from httpx import AsyncClient

from benchmarks.bench import p95
from benchmarks.console_pages import load, signed_in
from console.alerts.listener import crash_alerts
from console.database import Database, open_database
from console.database.migrate import migrate
from console.intake.stream import Intake
from console.settings import ConsoleSettings
from contract.event import encode_event
from contract.records import Keys
from runtime.streams import connect_streams

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.alerts import fill_alerts
from support.crashes import crash_event
from support.fleet import Fleet, fill
from support.postgresql import postgresql_server, server_programs
from support.services import local_redis

WAITING, BEFORE = 20_000, 200_000
DAY_MS = 86_400_000
PAGES = ("/events", "/events?q=sensor", "/groups", "/devices")
ADDRESS = "http://console.test"


async def fill_stream(settings: ConsoleSettings, count: int) -> None:
    """What was published in the last day, oldest first."""
    chance, now = random.Random(4), int(time.time() * 1000)
    redis, stream = connect_streams(settings), Keys(settings.key_prefix).events
    for start in range(0, count, 1000):
        async with redis.pipeline(transaction=False) as pipe:
            for number in range(start, min(start + 1000, count)):
                cause, device = int(40 * chance.random() ** 3), int(500 * chance.random() ** 2)
                event = crash_event(
                    number + 10_000_000,
                    device=f"meter-{device}",
                    time_ms=now - DAY_MS + DAY_MS * number // count,
                    fingerprint=f"2-outage-{cause}",
                    title=f"Bus fault in step_{cause} (plan.c:{cause})",
                    version=f"2.{cause % 6}.0",
                )
                pipe.xadd(stream, {"event": encode_event(event)})
            await pipe.execute()
    await redis.aclose()


async def ask(browser: AsyncClient, times: list[float], stop: asyncio.Event) -> None:
    """Load pages with a short look at each; milliseconds go into `times`."""
    number = 0
    while not stop.is_set():
        start = time.perf_counter()
        await load(browser, PAGES[number % len(PAGES)])
        times.append((time.perf_counter() - start) * 1000)
        number += 1
        await asyncio.sleep(0.1)


def told(name: str, times: list[float]) -> str:
    """Median, p95 and worst."""
    return (
        f"{name}: median {statistics.median(times):.0f} ms, p95 {p95(times):.0f} ms,"
        f" worst {max(times):.0f} ms over {len(times)} pages"
    )


async def measure(database: Database, settings: ConsoleSettings, count: int) -> None:
    """Fill, ask pages for ten seconds, then catch up beside them."""
    await migrate(database)
    await fill(database, Fleet(BEFORE))
    await fill_alerts(database, int(time.time() * 1000))
    await fill_stream(settings, count)
    redis = connect_streams(settings)
    intake = Intake(redis, Keys(settings.key_prefix).events, database, crash_alerts(ADDRESS))
    async with signed_in(database) as browser:
        for page in PAGES:
            await load(browser, page)
        alone, beside = list[float](), list[float]()
        stop = asyncio.Event()
        asking = asyncio.create_task(ask(browser, alone, stop))
        await asyncio.sleep(10)
        stop.set()
        await asking
        print(told("pages alone", alone), flush=True)
        stop, done = asyncio.Event(), asyncio.Event()
        start = time.perf_counter()
        running = asyncio.create_task(intake.run(stop))
        asking = asyncio.create_task(ask(browser, beside, done))
        while intake.progress.entries_left or not intake.progress.rate:
            await asyncio.sleep(0.05)
        seconds = time.perf_counter() - start
        stop.set()
        done.set()
        await asyncio.gather(running, asking)
    await redis.aclose()
    print(f"{count:,} crashes caught up in {seconds:.1f} s, {count / seconds:.0f} per second")
    print(told("pages meanwhile", beside), flush=True)


async def run(url: str, settings: ConsoleSettings, count: int) -> None:
    """Measure one database."""
    database = open_database(url)
    try:
        await measure(database, settings, count)
    finally:
        await database.close()


def main() -> None:
    """Both databases, one after the other."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else WAITING
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        redis = local_redis(folder)

        def settings(prefix: str) -> ConsoleSettings:
            url = f"redis://127.0.0.1:{redis.port}/0"
            return ConsoleSettings(store=folder, redis_url=url, key_prefix=prefix, _env_file=None)

        try:
            print("SQLite")
            asyncio.run(run(f"sqlite+aiosqlite:///{folder}/console.db", settings("sqlite"), count))
            programs = server_programs()
            if programs is None:
                print("PostgreSQL is not installed: not measured")
                return
            server = folder / "postgresql"
            server.mkdir()
            with postgresql_server(programs, server) as url:
                print("PostgreSQL")
                asyncio.run(run(url.format(name="postgres"), settings("postgresql"), count))
        finally:
            redis.kill()


if __name__ == "__main__":
    main()
