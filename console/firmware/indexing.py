"""Uploaded files become firmware: one after the other, in the background, going on after a restart.

An upload is a row in state `indexing` and its file in a folder beside the store. Both are there until the index is in
the store, so that a console that was killed begins again.
"""

import asyncio
import time
from pathlib import Path
from typing import Final

from redis.asyncio import Redis
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from analyzer.firmware import index_firmware, release
from analyzer.sandbox import Sandbox
from analyzer.symbols.format.container import FORMAT_VERSION
from console.database import Database
from console.database.tables import Firmware, FirmwareAlias
from console.database.upsert import insert_into
from console.firmware.adopt import adopt
from console.firmware.linking import end_links
from console.settings import ConsoleSettings
from contract.errors import InputError, ServiceError
from runtime.logs import get_logger
from runtime.rest import rest
from runtime.store import Store, index_key

log = get_logger(__name__)

SECONDS: Final = 600.0
"""That an index may take."""
MEMORY: Final = 4 << 30
"""Bytes of address space of the process that makes it."""
LOOK_SECONDS: Final = 0.5
"""How often the database is asked for uploads."""
LONGEST_PAUSE: Final = 30.0
ADOPT_SECONDS: Final = 5.0
"""How often the list is held against the store."""


def upload_folder(settings: ConsoleSettings) -> Path:
    """Where files are that are not in the store yet; on its disk."""
    return settings.store.parent / "uploads"


def upload_file(settings: ConsoleSettings, number: int) -> Path:
    """The file of an upload."""
    return upload_folder(settings) / f"{number}.elf"


class Indexer:
    """Indexes what was uploaded; one of them for an installation."""

    def __init__(self, settings: ConsoleSettings, database: Database, store: Store, redis: Redis) -> None:
        self._settings = settings
        self._database = database
        self._store = store
        self._redis = redis
        self._look_again = 0.0
        self._sandbox = Sandbox(seconds=SECONDS, memory=max(settings.analysis_memory, MEMORY))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; an index that is being made is given up and made again at the next start."""
        pause = 0.5
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                working = asyncio.create_task(self._next())
                await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not working.done():
                    working.cancel()
                    await asyncio.gather(working, return_exceptions=True)
                    break
                try:
                    found = working.result()
                    pause = 0.5
                except ServiceError as error:
                    log.warning("waiting for a dependency", code=error.code, reason=str(error), seconds=pause)
                    await rest(stop, pause)
                    pause = min(2 * pause, LONGEST_PAUSE)
                    continue
                if not found:
                    await rest(stop, LOOK_SECONDS)
        finally:
            stopping.cancel()
            await self._sandbox.close()

    async def _next(self) -> bool:
        """Index the oldest upload; False where there is none."""
        async with self._database.reading() as session:
            upload = await session.scalar(select(Firmware).where(Firmware.state == "indexing").order_by(Firmware.id))
        if upload is None:
            await self._adopt()
            return False
        file = upload_file(self._settings, upload.id)
        try:
            names = await self._index(upload.id, file)
        except InputError as error:
            reason = str(error).replace(str(file), upload.file_name or "the file")
            log.info("firmware cannot be used", file=upload.file_name, code=error.code, reason=reason)
            async with self._database.writing() as session:
                await session.execute(
                    update(Firmware).where(Firmware.id == upload.id).values(state="failed", reason=reason)
                )
        else:
            # Before the row is done with: who is killed in between does it again, and nobody waits for ever.
            released = sum([1 for name in names async for _ in release(self._redis, self._settings, name)])
            size = self._store.path(index_key(names[0], FORMAT_VERSION)).stat().st_size
            async with self._database.writing() as session:
                await _ready(session, upload, names, size)
            log.info("firmware is ready", build_id=names[0], file=upload.file_name, released=released)
        await asyncio.to_thread(file.unlink, missing_ok=True)
        return True

    async def _adopt(self) -> None:
        """From time to time, while nothing is being indexed that would look like a firmware without a row."""
        if time.monotonic() >= self._look_again:
            self._look_again = time.monotonic() + ADOPT_SECONDS
            await adopt(self._database, self._store)

    async def _index(self, number: int, file: Path) -> list[str]:
        """The build ids of a file whose index is in the store now; the row tells how far it has come."""
        percent = 0

        def progress(done: int, total: int) -> None:
            nonlocal percent
            percent = 100 * done // max(total, 1)

        working = asyncio.create_task(index_firmware(file, self._store, self._sandbox, progress))
        told = 0
        try:
            while not (await asyncio.wait({working}, timeout=1.0))[0]:
                if percent != told:
                    told = percent
                    async with self._database.writing() as session:
                        await session.execute(update(Firmware).where(Firmware.id == number).values(progress=told))
            return working.result()
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


async def _ready(session: AsyncSession, upload: Firmware, names: list[str], index_size: int) -> None:
    """Make an upload a firmware; one with the same build id takes the place of the one before, and keeps its facts."""
    before = await session.scalar(select(Firmware).where(Firmware.build_id == names[0], Firmware.id != upload.id))
    if before is not None:
        upload = await _joined(session, upload, before)
    else:
        await end_links(session, names)
    await session.execute(
        update(Firmware)
        .where(Firmware.id == upload.id)
        .values(build_id=names[0], state="ready", progress=100, reason="", index_size=index_size)
    )
    for name in names[1:]:
        insert = insert_into(session, FirmwareAlias).values(
            alias=name, build_id=names[0], by_hand=False, account="", at_ms=upload.added_ms
        )
        await session.execute(insert.on_conflict_do_nothing(index_elements=["alias"]))


async def _joined(session: AsyncSession, upload: Firmware, before: Firmware) -> Firmware:
    """What was said of a firmware when it came first counts where its second upload says nothing."""
    await session.execute(
        update(Firmware)
        .where(Firmware.id == before.id)
        .values(
            name=upload.name or before.name,
            version=upload.version or before.version,
            board=upload.board or before.board,
            file_name=upload.file_name or before.file_name,
            source_url=upload.source_url or before.source_url,
            size=upload.size,
            added_ms=upload.added_ms,
            added_by=upload.added_by,
        )
    )
    await session.execute(delete(Firmware).where(Firmware.id == upload.id))
    return before
