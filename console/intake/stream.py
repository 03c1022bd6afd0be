"""The event stream into the database: read after the position that the database has, write, move the position.

Without a consumer group, and without deleting anything: other consumers read the same stream. What was read and where
that was is one transaction, so a process that is killed at any time loses nothing and counts nothing twice.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database import Database
from console.database.tables import Position
from console.intake.apply import Applied, apply
from console.intake.progress import EntryId, Pace, Progress, StreamEnds, entry_id, progress_of
from console.intake.record import Record, read_record
from contract.errors import FaultcastError, ServiceError
from contract.event import EventError
from runtime.logs import get_logger
from runtime.metrics import EVENTS_SKIPPED, EVENTS_TAKEN, INTAKE_BEHIND, RETRIES
from runtime.rest import rest
from runtime.streams import stream_errors

log = get_logger(__name__)

STAGE: Final = "console"
BATCH: Final = 500
BLOCK_MS: Final = 500
"""How long one read waits for entries; also how late a stop is noticed."""
LONGEST_PAUSE: Final = 10.0
"""Seconds between two tries while a dependency is away."""
START: Final = "0-0"

Entry = tuple[str, bytes | None]
"""Id and event of a stream entry."""
Listener = Callable[[AsyncSession, Applied], Awaitable[None]]
"""Is told in the transaction what a batch changed. What it raises undoes what it wrote, and nothing else."""


async def _nobody(_session: AsyncSession, _applied: Applied) -> None:
    pass


class Intake:
    """Reads one stream of crash events into one database; there must be no second one."""

    def __init__(self, redis: Redis, stream: str, database: Database, listener: Listener = _nobody) -> None:
        """Reads nothing yet."""
        self._redis = redis
        self._stream = stream
        self._database = database
        self._listener = listener
        self._pace = Pace()
        self.progress = Progress()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; a batch that was begun is finished first."""
        position: str | None = None
        pause = 0.1
        while not stop.is_set():
            try:
                if position is None:
                    position = await self._position()
                position = await self._step(position)
            except ServiceError as error:
                RETRIES.labels(STAGE, error.code).inc()
                log.warning("waiting for a dependency", code=error.code, reason=str(error), seconds=round(pause, 1))
            except Exception:  # the pages stay up, and what was not read stays in the stream
                RETRIES.labels(STAGE, "internal").inc()
                log.exception("crash events cannot be taken in", seconds=round(pause, 1))
            else:
                pause = 0.1
                continue
            await rest(stop, pause)
            pause = min(pause * 2, LONGEST_PAUSE)
            position = None  # whether the last transaction was made is for the database to say

    async def _step(self, position: str) -> str:
        """Take what comes after a position; returns the new one."""
        entries = await self._read(position)
        if entries:
            await self._take(entries)
            self._pace.step(time.monotonic(), len(entries))
            position = entries[-1][0]
        ends = await self._ends()
        if ends is not None and ends.newest < entry_id(position):
            log.warning("the event stream was emptied: reading it from its start", stream=self._stream)
            position = START
        self._tell_progress(position, ends)
        return position

    async def _position(self) -> str:
        async with self._database.reading() as session:
            row = (await session.scalars(select(Position).where(Position.stream == self._stream))).one_or_none()
        return START if row is None else row.entry

    async def _read(self, position: str) -> list[Entry]:
        with stream_errors():
            reply: list[Any] = cast(
                "list[Any]", await self._redis.xread({self._stream: position}, count=BATCH, block=BLOCK_MS)
            )
        raw: list[tuple[bytes, dict[bytes, bytes] | None]] = reply[0][1] if reply else []
        return [(id_.decode(), (fields or {}).get(b"event")) for id_, fields in raw]

    async def _take(self, entries: Sequence[Entry]) -> None:
        # In a thread, for a batch takes long enough to be felt by whoever looks at a page.
        records = await asyncio.to_thread(_records, entries)
        try:
            await self._write(entries[-1][0], records)
        except FaultcastError:
            raise
        except Exception:  # whatever one event does, its neighbours go on
            if len(entries) > 1:
                for entry in entries:
                    await self._take([entry])
                return
            EVENTS_SKIPPED.labels("internal").inc()
            log.exception("a crash event cannot be kept", entry=entries[0][0])
            await self._write(entries[0][0], [])
            return
        EVENTS_TAKEN.inc(len(records))

    async def _write(self, entry: str, records: Sequence[Record]) -> None:
        async with self._database.writing() as session:
            applied = await apply(session, self._stream, entry, records, time.time_ns() // 1_000_000)
            try:
                async with session.begin_nested():
                    await self._listener(session, applied)
            except ServiceError:
                raise
            except Exception:
                log.exception("nobody was told of new crashes", entry=entry)

    async def _ends(self) -> StreamEnds | None:
        """Where the stream begins and ends; None when there is none."""
        with stream_errors():
            try:
                info = await self._redis.xinfo_stream(self._stream)
            except ResponseError as error:
                if "no such key" in str(error):
                    return None
                raise
        newest = entry_id(info["last-generated-id"].decode())
        first: EntryId = entry_id(info["first-entry"][0].decode()) if info["first-entry"] else newest
        return StreamEnds(first, newest, int(info["length"]))

    def _tell_progress(self, position: str, ends: StreamEnds | None) -> None:
        rate = self._pace.rate(time.monotonic())
        self.progress = Progress(rate=rate) if ends is None else progress_of(entry_id(position), ends, rate)
        INTAKE_BEHIND.set(self.progress.behind_ms / 1000)


def _records(entries: Sequence[Entry]) -> list[Record]:
    """The records of entries, without those that hold no crash event."""
    found: list[Record] = []
    for id_, payload in entries:
        try:
            if payload is None:
                raise EventError("a stream entry without the field `event`")  # noqa: TRY301 - told as the others are
            found.append(read_record(payload))
        except EventError as error:
            EVENTS_SKIPPED.labels(error.code).inc()
            log.warning("skipped what is no crash event", entry=id_, code=error.code, reason=str(error))
    return found
