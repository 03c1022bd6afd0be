"""Removing what is older than its class is kept, some hundred crashes at a time, so that nobody waits for it.

Crashes are walked by time. How far dumps and reports were removed is a position in the database, as intake has one,
so each run goes on where the last one stopped.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select, tuple_, update

from console.database import Database
from console.database.alone import change_counters_alone
from console.database.tables import Crash, Device, Position, Profile
from console.database.upsert import insert_into
from console.intake.counters import Counted, count, drop_empty_profiles
from console.intake.devices import count_devices
from console.intake.groups import groups_of, update_groups
from console.retention.policy import Cutoffs
from runtime.store import NoSuchObject, Store, dump_key, report_keys

BATCH: Final = 500
JUST_WRITTEN_SECONDS: Final = 3_600
"""A dump that was written this recently may belong to a crash that is still on its way to the database."""
PAUSE_SECONDS: Final = 0.02
"""Between two batches that write, for others who want to."""

Place = tuple[int, int]
"""Time and id of a crash."""
START: Final[Place] = (0, 0)


@dataclass(slots=True)
class Pruned:
    """What went; sizes in bytes."""

    dumps: int = 0
    dump_bytes: int = 0
    reports: int = 0
    report_bytes: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True)
class _Old:
    """A crash that is old enough."""

    id: int
    time_ms: int
    event_id: str
    sha256: str


async def prune(database: Database, store: Store, before: Cutoffs) -> Pruned:
    """Remove what is old. Killed in the middle, the next run does the rest.

    Raises:
        StoreUnavailable: a file cannot be removed; what went before it is gone.
        DatabaseUnavailable: likewise.
    """
    pruned = Pruned()
    is_done = True
    async for batch in _walk(database, await _place(database, "dumps"), before.dumps_ms):
        keys = await _unneeded(database, batch, before.dumps_ms)
        settled, is_complete = await asyncio.to_thread(_settled, store, keys)
        sizes = await _delete(store, settled)
        pruned.dumps, pruned.dump_bytes = pruned.dumps + len(sizes), pruned.dump_bytes + sum(sizes)
        # What was written just now is looked at again by the next run.
        is_done = is_done and is_complete
        if is_done:
            await _remember(database, "dumps", batch)
    async for batch in _walk(database, await _place(database, "reports"), before.reports_ms):
        sizes = await _delete(store, _reports(batch))
        pruned.reports, pruned.report_bytes = pruned.reports + len(sizes), pruned.report_bytes + sum(sizes)
        await _remember(database, "reports", batch)
    async for batch in _walk(database, START, before.events_ms):
        pruned.events += await _forget(database, batch, before.events_ms)
        await asyncio.sleep(PAUSE_SECONDS)
    return pruned


async def preview(database: Database, store: Store, before: Cutoffs) -> Pruned:
    """What `prune` would remove; removes nothing. Raises as it does."""
    pruned = Pruned()
    seen = set[str]()
    async for batch in _walk(database, await _place(database, "dumps"), before.dumps_ms):
        keys = [key for key in await _unneeded(database, batch, before.dumps_ms) if key not in seen]
        seen.update(keys)
        settled, _ = await asyncio.to_thread(_settled, store, keys)
        sizes = await _sizes(store, settled)
        pruned.dumps, pruned.dump_bytes = pruned.dumps + len(sizes), pruned.dump_bytes + sum(sizes)
    async for batch in _walk(database, await _place(database, "reports"), before.reports_ms):
        sizes = await _sizes(store, _reports(batch))
        pruned.reports, pruned.report_bytes = pruned.reports + len(sizes), pruned.report_bytes + sum(sizes)
    async for batch in _walk(database, START, before.events_ms):
        pruned.events += len(batch)
    return pruned


async def _walk(database: Database, after: Place, before_ms: int) -> AsyncIterator[Sequence[_Old]]:
    """Batches of the crashes after a place that were received before a time, oldest first."""
    while before_ms:
        async with database.reading() as session:
            rows = await session.execute(
                select(Crash.id, Crash.time_ms, Crash.event_id, Crash.sha256)
                .where(tuple_(Crash.time_ms, Crash.id) > tuple_(*after), Crash.time_ms < before_ms)
                .order_by(Crash.time_ms, Crash.id)
                .limit(BATCH)
            )
            batch = [_Old(*row) for row in rows]
        if not batch:
            return
        yield batch
        after = batch[-1].time_ms, batch[-1].id


async def _unneeded(database: Database, batch: Sequence[_Old], before_ms: int) -> list[str]:
    """Keys of the dumps of a batch that no younger crash has too."""
    names = {old.sha256 for old in batch}
    async with database.reading() as session:
        needed = await session.scalars(
            select(Crash.sha256).where(Crash.sha256.in_(names), Crash.time_ms >= before_ms).distinct()
        )
        return [dump_key(name) for name in sorted(names - set(needed))]


def _settled(store: Store, keys: Sequence[str]) -> tuple[list[str], bool]:
    """Those that are there and were not written just now, and whether they are all that are there."""
    found: list[str] = []
    is_complete = True
    for key in keys:
        try:
            written = store.path(key).stat().st_mtime
        except (NoSuchObject, FileNotFoundError):
            continue
        if time.time() - written > JUST_WRITTEN_SECONDS:
            found.append(key)
        else:
            is_complete = False
    return found, is_complete


def _reports(batch: Sequence[_Old]) -> list[str]:
    return [key for old in batch for key in report_keys(old.event_id)]


async def _delete(store: Store, keys: Collection[str]) -> list[int]:
    """Remove objects; the sizes of those that were there."""
    return await asyncio.to_thread(lambda: [size for key in keys if (size := store.delete(key))])


async def _sizes(store: Store, keys: Collection[str]) -> list[int]:
    return await asyncio.to_thread(
        lambda: [size for key in keys if store.exists(key) and (size := store.path(key).stat().st_size)]
    )


async def _forget(database: Database, batch: Sequence[_Old], before_ms: int) -> int:
    """Delete crashes with all that was counted of them."""
    async with database.writing() as session:
        await change_counters_alone(session)
        # Read once more: a better analysis may have come in since.
        rows = await session.execute(
            select(Crash.id, Crash.device_id, Crash.profile_id, Profile.fingerprint, Crash.time_ms)
            .join(Profile, Profile.id == Crash.profile_id)
            .where(Crash.id.in_([old.id for old in batch]), Crash.time_ms < before_ms)
        )
        removed = {
            id_: Counted(device_id, profile_id, fingerprint, time_ms)
            for id_, device_id, profile_id, fingerprint, time_ms in rows
        }
        if not removed:
            return 0
        await session.execute(delete(Crash).where(Crash.id.in_(removed)))  # documents and attributes go with them
        groups = await groups_of(session, {old.fingerprint for old in removed.values()})
        await count(session, [], removed.values(), groups)
        await count_devices(session, [], removed.values())
        devices = {old.device_id for old in removed.values()}
        await session.execute(delete(Device).where(Device.id.in_(devices), Device.crashes <= 0))
        await session.execute(
            update(Device).where(Device.id.in_(devices), Device.loop_ms < before_ms).values(loop_ms=None)
        )
        await drop_empty_profiles(session, {old.profile_id for old in removed.values()})
        await update_groups(session, set(groups.values()))
        return len(removed)


async def _place(database: Database, kind: str) -> Place:
    async with database.reading() as session:
        entry = await session.scalar(select(Position.entry).where(Position.stream == f"retention:{kind}"))
    if entry is None:
        return START
    time_ms, _, id_ = entry.partition("-")
    return int(time_ms), int(id_)


async def _remember(database: Database, kind: str, batch: Sequence[_Old]) -> None:
    entry = f"{batch[-1].time_ms}-{batch[-1].id}"
    async with database.writing() as session:
        await session.execute(
            insert_into(session, Position)
            .values(stream=f"retention:{kind}", entry=entry, change=0)
            .on_conflict_do_update(index_elements=[Position.stream], set_={"entry": entry})
        )
    await asyncio.sleep(PAUSE_SECONDS)
