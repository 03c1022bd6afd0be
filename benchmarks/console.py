"""Pages of events over a large database: `python -m benchmarks.console [CRASHES] [DATABASE URL]`.

Fills an empty database with made-up crashes (90 days, 400 profiles, 20,000 devices, three attributes each), or takes
one that is filled, and tells how long the query of a page takes: the newest page, the next one, and five filters.
"""

import asyncio
import statistics
import sys
import time
from pathlib import Path

from sqlalchemy import text

from console.database import Database, open_database
from console.database.migrate import migrate
from console.events.chart import counts_of, has_crashes
from console.events.filter import EventFilter
from console.events.query import page_of

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.fleet import Fleet, fill

ROUNDS = 40
ASKED = ("", "q=sensor", "kind=assert&version=1.3.1", "device=gateway-*", "attr.region=eu", "since=7d&trust=scan")


async def prepare(database: Database, crashes: int) -> None:
    """Tables, and crashes where there are none."""
    await migrate(database)
    async with database.reading() as session:
        if await has_crashes(session):
            return
    await fill(database, Fleet(crashes))
    async with database.engine.connect() as connection:
        await connection.execute(text("ANALYZE"))
        await connection.commit()


async def measure(database: Database) -> None:
    """A line for each filter, in milliseconds."""
    now = int(time.time() * 1000)
    print(f"{'filter':32} {'median':>8} {'p95':>8} {'chart p95':>10}")
    for asked in map(EventFilter.parse, ASKED):
        pages: list[float] = []
        charts: list[float] = []
        cursor = None
        for _ in range(ROUNDS):
            async with database.reading() as session:
                start = time.perf_counter()
                page = await page_of(session, asked, now, cursor)
                pages.append(time.perf_counter() - start)
                cursor = page.older
        for _ in range(ROUNDS // 4):
            async with database.reading() as session:
                start = time.perf_counter()
                await counts_of(session, asked, now)
                charts.append(time.perf_counter() - start)
        values = [statistics.median(pages), p95(pages), p95(charts)]
        print(f"{asked.query or '(none)':32} {values[0] * 1000:8.1f} {values[1] * 1000:8.1f} {values[2] * 1000:10.1f}")


def p95(times: list[float]) -> float:
    """What 95 of 100 stay below."""
    return statistics.quantiles(times, n=20)[-1]


async def main() -> None:
    """Fill and measure."""
    crashes = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    database = open_database(sys.argv[2] if len(sys.argv) > 2 else "sqlite+aiosqlite:///console-benchmark.db")
    await prepare(database, crashes)
    await measure(database)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
