"""From the stream into the database: nothing lost, nothing twice, whatever dies."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from support.crashes import START_MS, crash_payload
from support.services import local_redis

from console.database import Database, open_database
from console.database.migrate import migrate
from console.database.tables import Crash, CrashDay, CrashHour, Group, Position, Profile
from console.intake.apply import Applied
from console.intake.progress import Progress
from console.intake.stream import Intake, Listener, _nobody
from runtime.settings import Settings

pytestmark = pytest.mark.services


@pytest.fixture
def stream(settings: Settings) -> str:
    return f"{settings.key_prefix}:events"


async def add(redis: Redis, stream: str, *payloads: bytes, entry: str = "*") -> None:
    async with redis.pipeline(transaction=False) as pipe:
        for payload in payloads:
            pipe.xadd(stream, {"event": payload}, id=entry)
        await pipe.execute()


@asynccontextmanager
async def reading(redis: Redis, stream: str, database: Database, listener: Listener = _nobody) -> AsyncIterator[Intake]:
    stop = asyncio.Event()
    intake = Intake(redis, stream, database, listener)
    task = asyncio.create_task(intake.run(stop))
    try:
        yield intake
    finally:
        stop.set()
        await task


async def crashes(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(Crash)) or 0


async def until(database: Database, count: int) -> None:
    async with asyncio.timeout(20):
        while await crashes(database) < count:
            await asyncio.sleep(0.02)


async def test_events_before_and_after_the_start_come_in(redis: Redis, stream: str, database: Database) -> None:
    await add(redis, stream, crash_payload(0), crash_payload(1))
    async with reading(redis, stream, database) as intake:
        await until(database, 2)
        await add(redis, stream, crash_payload(2))
        await until(database, 3)
        assert await crashes(database) == 3
        assert not intake.progress.is_catching_up
    assert await redis.xlen(stream) == 3  # others read it too


async def test_it_goes_on_where_it_stopped(redis: Redis, stream: str, database: Database) -> None:
    await add(redis, stream, crash_payload(0))
    async with reading(redis, stream, database):
        await until(database, 1)
    await add(redis, stream, crash_payload(1))
    told: list[Applied] = []

    async def listen(_session: AsyncSession, applied: Applied) -> None:
        told.append(applied)

    async with reading(redis, stream, database, listen):
        await until(database, 2)
    assert [len(applied.crashes) for applied in told] == [1]


async def test_what_is_no_event_is_passed_over(redis: Redis, stream: str, database: Database) -> None:
    await add(redis, stream, b"{", crash_payload(0), b"", b'{"id": 1}')
    await redis.xadd(stream, {"other": "field"})
    await add(redis, stream, crash_payload(1))
    async with reading(redis, stream, database):
        await until(database, 2)


async def test_a_listener_that_fails_costs_no_event(redis: Redis, stream: str, database: Database) -> None:
    await add(redis, stream, crash_payload(0))

    async def fail(session: AsyncSession, _applied: Applied) -> None:
        session.add(Position(stream="undone", entry=""))
        await session.flush()
        raise ZeroDivisionError

    async with reading(redis, stream, database, fail):
        await until(database, 1)
    async with database.reading() as session:
        assert (await session.scalars(select(Position.stream))).all() == [stream]


async def test_an_emptied_redis_is_read_from_its_start(redis: Redis, stream: str, database: Database) -> None:
    await add(redis, stream, crash_payload(0), entry="9999999999999-0")
    async with reading(redis, stream, database):
        await until(database, 1)
        await redis.delete(stream)
        await add(redis, stream, crash_payload(1), entry="5-0")
        await until(database, 2)
        await add(redis, stream, crash_payload(2), entry="6-0")
        await until(database, 3)


async def test_a_redis_that_goes_away_is_waited_for(tmp_path: Path, database: Database) -> None:
    server = local_redis(tmp_path)
    client = Redis.from_url(f"redis://{server.host}:{server.port}/0", protocol=2)
    try:
        async with reading(client, "events", database):
            await add(client, "events", crash_payload(0))
            await until(database, 1)
            server.kill()
            await asyncio.sleep(0.3)
            server.start()
            await add(client, "events", crash_payload(1))
            await until(database, 2)
    finally:
        await client.aclose()
        server.kill()


READER = """
import asyncio, sys
from redis.asyncio import Redis
from console.database import open_database
from console.intake import stream

stream.BATCH = 7

async def main():
    redis, database = Redis.from_url(sys.argv[1], protocol=2), open_database(sys.argv[3])
    await stream.Intake(redis, sys.argv[2], database).run(asyncio.Event())

asyncio.run(main())
"""


async def test_kill_9_in_the_middle_loses_nothing_and_counts_nothing_twice(
    redis: Redis, stream: str, settings: Settings, tmp_path: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'console.db'}"
    database = open_database(url)
    await migrate(database)
    count = 600
    await add(
        redis,
        stream,
        *(
            crash_payload(
                number,
                device=f"d{number % 40}",
                fingerprint=f"2-{number % 7}",
                revision=1 + number % 4,
                time_ms=START_MS + number * 1_000,
            )
            for number in range(count)
        ),
    )
    kills = 0
    async with asyncio.timeout(90):
        while await crashes(database) < count:
            before = await crashes(database)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                READER,
                settings.redis_url,
                stream,
                url,
                env=os.environ | {"PYTHONPATH": str(Path.cwd())},
            )
            while await crashes(database) < min(before + 150, count):
                await asyncio.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            await process.wait()
            kills += 1
    assert kills >= 3
    async with database.reading() as session:
        for table in (Profile, CrashHour, CrashDay, Group):
            assert await session.scalar(select(func.sum(table.crashes))) == count
        assert await session.scalar(select(func.max(Crash.change))) == count
    await database.close()


async def test_a_fault_of_ours_keeps_the_reader_up(
    redis: Redis, stream: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = False

    def broken(*_: object) -> Progress:
        nonlocal failed
        if not failed:
            failed = True
            raise ZeroDivisionError
        return Progress()

    monkeypatch.setattr("console.intake.stream.progress_of", broken)
    await add(redis, stream, crash_payload(0))
    async with reading(redis, stream, database):
        await until(database, 1)
        await add(redis, stream, crash_payload(1))
        await until(database, 2)
    assert failed
