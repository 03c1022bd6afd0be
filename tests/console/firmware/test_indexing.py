"""From an uploaded file to firmware that names crashes."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis
from sqlalchemy import select

from analyzer.firmware import find_firmware, park
from console.database import Database
from console.database.tables import Firmware
from console.firmware.indexing import Indexer, upload_file
from console.firmware.missing import missing_firmware
from console.firmware.removal import remove
from console.settings import ConsoleSettings
from contract.records import DumpItem, Keys
from runtime.settings import Settings
from runtime.store import FolderStore, elf_key

pytestmark = pytest.mark.services

CASE = Path(__file__).parents[2] / "golden" / "cortex-m" / "null-deref-Os"
BUILD_ID = json.loads((CASE / "report.json").read_text())["firmware"]["build_id"]


@pytest.fixture
def console_settings(settings: Settings) -> ConsoleSettings:
    return ConsoleSettings(**settings.model_dump(), _env_file=None)


@pytest.fixture
def store(settings: Settings) -> FolderStore:
    return FolderStore(settings.store)


async def upload(database: Database, settings: ConsoleSettings, file: Path, **facts: str) -> int:
    async with database.writing() as session:
        row = Firmware(size=file.stat().st_size, state="indexing", added_ms=1, file_name=file.name, **facts)
        session.add(row)
        await session.flush()
        target = upload_file(settings, row.id)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        return row.id


async def row_of(database: Database, number: int) -> Firmware | None:
    async with database.reading() as session:
        return await session.get(Firmware, number)


@asynccontextmanager
async def indexing(
    settings: ConsoleSettings, database: Database, store: FolderStore, redis: Redis
) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(Indexer(settings, database, store, redis).run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


async def until_done(database: Database, number: int) -> Firmware | None:
    for _ in range(400):
        row = await row_of(database, number)
        if row is None or row.state != "indexing":
            return row
        await asyncio.sleep(0.05)
    raise TimeoutError


async def test_an_upload_becomes_firmware_and_releases_what_waits(
    console_settings: ConsoleSettings, database: Database, store: FolderStore, redis: Redis
) -> None:
    item = DumpItem(event_id="e1", device="d1", sha256="ab" * 32, size=1, dump_id=b"x")
    await park(redis, console_settings, BUILD_ID, item)
    number = await upload(database, console_settings, CASE / "firmware.elf", version="1.2")
    async with indexing(console_settings, database, store, redis):
        row = await until_done(database, number)
    assert row is not None
    assert (row.state, row.build_id, row.progress, row.version) == ("ready", BUILD_ID, 100, "1.2")
    assert row.index_size
    assert find_firmware(store, BUILD_ID) is not None
    assert store.exists(elf_key(BUILD_ID))
    assert not upload_file(console_settings, number).exists()
    keys = Keys(console_settings.key_prefix)
    assert await redis.hlen(keys.waiting(BUILD_ID)) == 0
    assert sum([await redis.xlen(keys.dumps(partition)) for partition in range(console_settings.partitions)]) == 1


async def test_a_file_that_cannot_be_used_says_why_and_the_next_one_is_indexed(
    console_settings: ConsoleSettings, database: Database, store: FolderStore, redis: Redis, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.elf"
    broken.write_bytes((CASE / "firmware.elf").read_bytes()[:200])
    first = await upload(database, console_settings, broken)
    second = await upload(database, console_settings, CASE / "firmware.elf")
    async with indexing(console_settings, database, store, redis):
        failed, ready = await until_done(database, first), await until_done(database, second)
    assert failed is not None
    assert ready is not None
    assert failed.state == "failed"
    assert "broken.elf" in failed.reason
    assert str(console_settings.store.parent) not in failed.reason
    assert ready.state == "ready"


async def test_the_same_file_again_is_the_same_firmware(
    console_settings: ConsoleSettings, database: Database, store: FolderStore, redis: Redis
) -> None:
    first = await upload(database, console_settings, CASE / "firmware.elf", version="1.2", board="old")
    async with indexing(console_settings, database, store, redis):
        await until_done(database, first)
        second = await upload(database, console_settings, CASE / "firmware.elf", board="new")
        assert await until_done(database, second) is None
    async with database.reading() as session:
        (row,) = (await session.scalars(select(Firmware))).all()
    assert (row.id, row.state, row.version, row.board) == (first, "ready", "1.2", "new")


async def test_what_is_removed_is_gone_from_the_store_too(
    console_settings: ConsoleSettings, database: Database, store: FolderStore, redis: Redis
) -> None:
    number = await upload(database, console_settings, CASE / "firmware.elf")
    async with indexing(console_settings, database, store, redis):
        await until_done(database, number)
    async with database.writing() as session:
        row = await session.get(Firmware, number)
        assert row is not None
        freed = await remove(session, store, row)
    assert freed > (CASE / "firmware.elf").stat().st_size
    assert find_firmware(store, BUILD_ID) is None
    async with database.reading() as session:
        assert await missing_firmware(session, redis, Keys(console_settings.key_prefix)) == []
