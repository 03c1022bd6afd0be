"""How much room is taken, and how much is left; all in bytes."""

import asyncio
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redis.asyncio import Redis
from sqlalchemy import text

from console.database import Database
from runtime.logs import get_logger
from runtime.streams import stream_errors

log = get_logger(__name__)

COUNT_AGAIN_SECONDS: Final = 600.0
"""Counting a store means asking for the size of each of its files."""


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system that a folder is on."""

    total: int
    free: int

    @property
    def is_short(self) -> bool:
        """Whether somebody should make room: less than a tenth is left, or less than a gibibyte."""
        return self.free < max(self.total // 10, 1 << 30)


@dataclass(frozen=True, slots=True)
class Memory:
    """Of Redis."""

    used: int
    most: int
    """What it may use; 0 where nobody said."""

    @property
    def is_short(self) -> bool:
        """Whether ingest is about to hold the broker back."""
        return bool(self.most) and self.used > 0.8 * self.most


def disk_of(folder: Path) -> Disk | None:
    """Where a folder lies, which may be yet to be made; None where that cannot be told."""
    try:
        there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
        usage = shutil.disk_usage(there)
    except (OSError, StopIteration):
        return None
    return Disk(usage.total, usage.free)


async def database_size(database: Database) -> int:
    """What the database takes on its disk."""
    if database.is_sqlite:
        question = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    else:
        question = "SELECT pg_database_size(current_database())"
    async with database.reading() as session:
        return int((await session.execute(text(question))).scalar_one())


async def redis_memory(redis: Redis) -> Memory:
    """Raises `StreamsUnavailable`."""
    with stream_errors():
        facts = await redis.info("memory")  # pyright: ignore[reportUnknownMemberType]
    return Memory(int(facts.get("used_memory", 0)), int(facts.get("maxmemory", 0)))


@dataclass(frozen=True, slots=True)
class StoreSize:
    """What a store held when it was counted."""

    objects: int
    size: int
    at_ms: int


def count_store(folder: Path, is_over: Callable[[], bool]) -> StoreSize | None:
    """Add up the files of a store; None where `is_over` said to stop. Blocks for long where there are many."""
    objects = size = 0
    folders = [folder]
    while folders:
        if is_over():
            return None
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
                    elif entry.is_file(follow_symlinks=False):
                        objects += 1
                        size += entry.stat(follow_symlinks=False).st_size
        except OSError:  # removed meanwhile
            continue
    return StoreSize(objects, size, time.time_ns() // 1_000_000)


class StoreCount:
    """The size of a store, counted in the background when somebody asks and what is known is old."""

    def __init__(self) -> None:
        self._known: StoreSize | None = None
        self._counted = float("-inf")
        self._task: asyncio.Task[None] | None = None

    def size(self, folder: Path, stopping: asyncio.Event) -> StoreSize | None:
        """What is known now; None before the first count is done."""
        now = time.monotonic()
        if (self._task is None or self._task.done()) and now - self._counted > COUNT_AGAIN_SECONDS:
            self._task = asyncio.create_task(self._count(folder, stopping))
        return self._known

    async def _count(self, folder: Path, stopping: asyncio.Event) -> None:
        try:
            self._known = await asyncio.to_thread(count_store, folder, stopping.is_set) or self._known
        except Exception:  # a number on a page is not worth more
            log.exception("the store cannot be counted")
        self._counted = time.monotonic()
