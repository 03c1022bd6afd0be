import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select

from console.database import Database, DatabaseUnavailable, open_database
from console.database.tables import Device


async def test_a_transaction_is_kept_whole_or_not_at_all(database: Database) -> None:
    async with database.writing() as session:
        session.add(Device(name="kept", first_ms=1, last_ms=1))

    async def fail() -> None:
        async with database.writing() as session:
            session.add(Device(name="lost", first_ms=1, last_ms=1))
            await session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with database.reading() as session:
        assert list(await session.scalars(select(Device.name))) == ["kept"]


async def test_writers_wait_for_each_other(database: Database) -> None:
    async def add(number: int) -> None:
        async with database.writing() as session:
            known = await session.scalar(select(func.count()).select_from(Device))
            await asyncio.sleep(0.01)
            session.add(Device(name=f"device-{number}", first_ms=1, last_ms=known or 0))

    await asyncio.gather(*map(add, range(8)))
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Device)) == 8


async def test_a_database_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'missing' / 'console.db'}")
    threads = threading.active_count()
    with pytest.raises(DatabaseUnavailable, match="FAULTCAST_DATABASE_URL"):
        await database.verify()
    await database.close()
    async with asyncio.timeout(20):  # the driver's thread ends on its own
        while threading.active_count() > threads:
            await asyncio.sleep(0.01)


async def test_a_server_that_is_not_there_is_said() -> None:
    database = open_database("postgresql+asyncpg://nobody@127.0.0.1:9/none")
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        await database.verify()
