import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from console.database import Database
from console.operations.sizes import Disk, Memory, StoreCount, count_store, database_size, disk_of, redis_memory

GIB = 1 << 30


def test_a_store_is_counted(tmp_path: Path) -> None:
    (tmp_path / "dump").mkdir()
    (tmp_path / "dump" / "a").write_bytes(b"x" * 100)
    (tmp_path / "b").write_bytes(b"x" * 23)
    (tmp_path / "away").symlink_to("/")
    counted = count_store(tmp_path, lambda: False)
    assert counted is not None
    assert (counted.objects, counted.size) == (2, 123)
    assert count_store(tmp_path, lambda: True) is None
    nothing = count_store(tmp_path / "no", lambda: False)
    assert nothing is not None
    assert nothing.objects == 0


async def test_counting_goes_on_in_the_background_and_not_at_every_look(tmp_path: Path) -> None:
    count, stopping = StoreCount(), asyncio.Event()
    assert count.size(tmp_path, stopping) is None
    async with asyncio.timeout(5):
        while (known := count.size(tmp_path, stopping)) is None:
            await asyncio.sleep(0.01)
    (tmp_path / "new").write_bytes(b"x")
    assert count.size(tmp_path, stopping) is known


@pytest.mark.parametrize(
    ("total", "free", "short"), [(100 * GIB, 50 * GIB, False), (100 * GIB, 9 * GIB, True), (2 * GIB, GIB - 1, True)]
)
def test_a_disk_is_short(total: int, free: int, short: bool) -> None:  # noqa: FBT001 - what is expected
    assert Disk(total, free).is_short is short


def test_a_folder_that_is_yet_to_be_made_has_a_disk(tmp_path: Path) -> None:
    disk = disk_of(tmp_path / "not" / "yet")
    assert disk is not None
    assert 0 < disk.free <= disk.total


async def test_a_database_has_a_size(database: Database) -> None:
    assert await database_size(database) > 10_000


@pytest.mark.services
async def test_redis_tells_what_it_uses(redis: Redis) -> None:
    memory = await redis_memory(redis)
    assert memory.used > 100_000
    assert not memory.is_short
    assert Memory(9, 10).is_short
    assert not Memory(9, 0).is_short
