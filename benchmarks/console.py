"""The console over a large database: how long pages take on SQLite and on PostgreSQL (`make bench-console`).

Fills empty databases with made-up crashes (90 days, 400 profiles, 20,000 devices, three attributes each) and tells how
long it takes to answer the newest page of events, the pages after it, five filters, and the chart of each; then what
the pages of groups and devices ask; then whole pages, HTML and all, as a browser gets them.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.bench import p95
from benchmarks.console_pages import load, signed_in
from benchmarks.console_rooms import questions
from console.database import Database, open_database
from console.database.migrate import migrate
from console.events.chart import counts_of
from console.events.filter import EventFilter
from console.events.query import page_of

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.fleet import Fleet, fill
from support.postgresql import postgresql_server, server_programs

CRASHES = 1_000_000
ROUNDS = 40
FILTERS = ("", "q=sensor", "kind=assert&version=1.3.1", "device=gateway-*", "attr.region=eu", "since=7d&trust=scan")
PAGES = (*(f"/events?{each}".rstrip("?") for each in FILTERS), "/groups", "/groups/1", "/devices", "/firmware")
Question = Callable[[AsyncSession], Awaitable[object]]


async def prepare(database: Database, crashes: int) -> None:
    """Tables with crashes, and what the database wants to know of them."""
    await migrate(database)
    start = time.perf_counter()
    await fill(database, Fleet(crashes))
    async with database.engine.connect() as connection:
        outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await outside.execute(text("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE"))
    print(f"{crashes:,} crashes written in {time.perf_counter() - start:.0f} s", flush=True)


async def timed(database: Database, question: Question, rounds: int) -> list[float]:
    """Milliseconds of each round."""
    times: list[float] = []
    for _ in range(rounds):
        async with database.reading() as session:
            start = time.perf_counter()
            await question(session)
            times.append((time.perf_counter() - start) * 1000)
    return times


async def measure(database: Database) -> float:
    """A line for each filter, in milliseconds; returns the worst p95 of a page."""
    now = int(time.time() * 1000)
    print(f"{'events':32} {'median':>8} {'p95':>8} {'worst':>8} {'chart':>8} {'p95':>8}")
    worst = 0.0
    for asked in map(EventFilter.parse, FILTERS):
        cursor = None

        async def page(session: AsyncSession, asked: EventFilter = asked) -> None:
            nonlocal cursor
            cursor = (await page_of(session, asked, now, cursor)).older

        async def chart(session: AsyncSession, asked: EventFilter = asked) -> None:
            await counts_of(session, asked, now)

        pages = await timed(database, page, ROUNDS)
        charts = await timed(database, chart, ROUNDS // 2)
        worst = max(worst, p95(pages))
        values = (statistics.median(pages), p95(pages), max(pages), statistics.median(charts), p95(charts))
        print(f"{asked.query or '(none)':32} " + " ".join(f"{each:8.1f}" for each in values), flush=True)
    async with signed_in(database) as browser:

        def page_at(path: str) -> Question:
            return lambda _session: load(browser, path)

        asked_of_all = {**await questions(database), **{path: page_at(path) for path in PAGES}}
        for name, question in asked_of_all.items():
            pages = await timed(database, question, ROUNDS)
            worst = max(worst, p95(pages))
            values = (statistics.median(pages), p95(pages), max(pages))
            print(f"{name:32} " + " ".join(f"{each:8.1f}" for each in values), flush=True)
    return worst


async def run(url: str, crashes: int) -> float:
    """Fill and measure one database."""
    database = open_database(url)
    try:
        await prepare(database, crashes)
        return await measure(database)
    finally:
        await database.close()


def main() -> None:
    """Both databases, one after the other."""
    crashes = int(sys.argv[1]) if len(sys.argv) > 1 else CRASHES
    with tempfile.TemporaryDirectory() as folder:
        print("SQLite")
        worst = [asyncio.run(run(f"sqlite+aiosqlite:///{folder}/console.db", crashes))]
        programs = server_programs()
        if programs is None:
            print("PostgreSQL is not installed: not measured")
        else:
            server = Path(folder, "postgresql")
            server.mkdir()
            with postgresql_server(programs, server) as url:
                print("PostgreSQL")
                worst.append(asyncio.run(run(url.format(name="postgres"), crashes)))
    print(f"slowest p95 of a page: {max(worst):.0f} ms; goal 200 ms")


if __name__ == "__main__":
    main()
