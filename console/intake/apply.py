"""A batch of crash events into the database, in one transaction.

A crash counts once, whatever its events are: each analysis takes the place of a worse one, and what that one had
counted is taken back. So events may come in any order, again, and after the stream was read from its start once more.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.alone import change_counters_alone
from console.database.tables import Crash, CrashAttribute, CrashDocument, Position, Profile
from console.database.upsert import insert_into
from console.intake.counters import Counted, count, drop_empty_profiles
from console.intake.devices import Loop, count_devices, find_loops
from console.intake.groups import Regression, groups_of, homes, reopen, settle, update_groups
from console.intake.owners import Owners, find_owners, table_of
from console.intake.record import Record


@dataclass(slots=True)
class Applied:
    """What a batch changed; crashes and groups by their ids."""

    change: int = 0
    """The last `Crash.change` that was given."""
    crashes: list[int] = field(default_factory=list[int])
    """New ones."""
    improved: list[int] = field(default_factory=list[int])
    """Those whose analysis was replaced by an equal or a better one."""
    groups: list[int] = field(default_factory=list[int])
    """New ones: causes that had not been seen. Not those that crashes moved to when their analysis got better."""
    regressions: list[Regression] = field(default_factory=list[Regression])
    loops: list[Loop] = field(default_factory=list[Loop])


@dataclass(frozen=True, slots=True)
class _Stored:
    """A crash as it is in the database."""

    id: int
    revision: int
    counted: Counted


async def apply(session: AsyncSession, stream: str, entry: str, records: Iterable[Record], now_ms: int) -> Applied:
    """Write records, at most some thousand, and that `stream` has been read up to `entry`.

    Call it in a transaction of its own: it waits for others that change counters, and they for it.
    """
    await change_counters_alone(session)
    position = await _position(session, stream)
    applied = Applied(change=position.change)
    best = _best(records)
    stored = await _stored(session, [record.event_id for record in best])
    same = await _unchanged(session, best, stored)
    taken = [
        record
        for record in best
        if record.event_id not in same
        and (record.event_id not in stored or record.revision >= stored[record.event_id].revision)
    ]
    if taken:
        await _write(session, taken, stored, applied, now_ms)
    await session.execute(update(Position).where(Position.id == position.id).values(entry=entry, change=applied.change))
    return applied


async def _write(
    session: AsyncSession, taken: Sequence[Record], stored: dict[str, _Stored], applied: Applied, now_ms: int
) -> None:
    owners = await find_owners(session, taken)
    groups, made = await homes(session, taken, now_ms)
    crash_ids = await _write_crashes(session, taken, stored, owners, applied)
    await _write_documents(session, taken, crash_ids)
    await _write_attributes(session, taken, crash_ids, [stored[r.event_id].id for r in taken if r.event_id in stored])
    added = {
        crash_ids[record.event_id]: Counted(
            owners.devices[record.device], owners.profiles[record.digest], record.profile.fingerprint, record.time_ms
        )
        for record in taken
    }
    removed = {
        stored[record.event_id].id: stored[record.event_id].counted for record in taken if record.event_id in stored
    }
    groups |= await groups_of(session, {old.fingerprint for old in removed.values()} - groups.keys())
    moves = [
        (groups[stored[record.event_id].counted.fingerprint], groups[record.profile.fingerprint])
        if record.event_id in stored
        else (None, groups[record.profile.fingerprint])
        for record in taken
    ]
    applied.groups = await settle(session, made, moves)
    await count(session, added.values(), removed.values(), groups)
    await count_devices(session, added.values(), removed.values())
    applied.loops = await find_loops(session, added, removed)
    await drop_empty_profiles(session, {old.profile_id for old in removed.values()})
    await update_groups(session, set(groups.values()))
    applied.regressions = await reopen(
        session,
        [
            (crash_ids[record.event_id], groups[record.profile.fingerprint], record)
            for record in taken
            if record.event_id not in stored
            or stored[record.event_id].counted.fingerprint != record.profile.fingerprint
        ],
    )


def _best(records: Iterable[Record]) -> list[Record]:
    """One record of each crash: the best, and the last of those that are as good."""
    found: dict[str, Record] = {}
    for record in records:
        if record.event_id not in found or record.revision >= found[record.event_id].revision:
            found[record.event_id] = record
    return list(found.values())


async def _position(session: AsyncSession, stream: str) -> Position:
    position = await session.scalar(select(Position).where(Position.stream == stream))
    if position is None:
        last = await session.scalar(select(func.max(Crash.change)))
        position = Position(stream=stream, entry="0-0", change=last or 0)
        session.add(position)
        await session.flush()
    return position


async def _stored(session: AsyncSession, event_ids: Iterable[str]) -> dict[str, _Stored]:
    rows = await session.execute(
        select(
            Crash.event_id,
            Crash.id,
            Crash.revision,
            Crash.device_id,
            Crash.profile_id,
            Profile.fingerprint,
            Crash.time_ms,
        )
        .join(Profile, Profile.id == Crash.profile_id)
        .where(Crash.event_id.in_(event_ids))
    )
    return {
        event_id: _Stored(id_, revision, Counted(device_id, profile_id, fingerprint, time_ms))
        for event_id, id_, revision, device_id, profile_id, fingerprint, time_ms in rows
    }


async def _unchanged(session: AsyncSession, records: Sequence[Record], stored: dict[str, _Stored]) -> set[str]:
    """The crashes whose record says what is there already: deliveries that came again."""
    equal = {
        stored[record.event_id].id: record
        for record in records
        if record.event_id in stored and stored[record.event_id].revision == record.revision
    }
    if not equal:
        return set()
    rows = await session.execute(
        select(CrashDocument.crash_id, CrashDocument.event).where(CrashDocument.crash_id.in_(equal))
    )
    return {equal[crash_id].event_id for crash_id, event in rows if event == equal[crash_id].document}


async def _write_crashes(
    session: AsyncSession,
    taken: Sequence[Record],
    stored: Mapping[str, _Stored],
    owners: Owners,
    applied: Applied,
) -> dict[str, int]:
    """Write the crashes' own rows; returns event id to crash id."""
    connection, crash = await session.connection(), table_of(Crash)
    fresh, better = list[dict[str, object]](), list[dict[str, object]]()
    for record in taken:
        applied.change += 1
        row: dict[str, object] = {
            "time_ms": record.time_ms,
            "revision": record.revision,
            "change": applied.change,
            "profile_id": owners.profiles[record.digest],
            "device_id": owners.devices[record.device],
            "uptime_ms": record.uptime_ms,
            "sha256": record.sha256,
            "size": record.size,
        }
        if record.event_id in stored:
            better.append(row | {"this": stored[record.event_id].id})
        else:
            fresh.append(row | {"event_id": record.event_id})
    ids = {record.event_id: stored[record.event_id].id for record in taken if record.event_id in stored}
    applied.improved = list(ids.values())
    if better:
        await connection.execute(update(crash).where(crash.c.id == bindparam("this")), better)
    if fresh:
        rows = await connection.execute(insert(crash).returning(crash.c.event_id, crash.c.id), fresh)
        made: dict[str, int] = dict(rows.all())
        applied.crashes = [made[str(row["event_id"])] for row in fresh]
        ids |= made
    return ids


async def _write_documents(session: AsyncSession, taken: Sequence[Record], crash_ids: dict[str, int]) -> None:
    connection = await session.connection()
    statement = insert_into(session, CrashDocument)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[CrashDocument.crash_id], set_={"event": statement.excluded.event}
        ),
        [{"crash_id": crash_ids[record.event_id], "event": record.document} for record in taken],
    )


async def _write_attributes(
    session: AsyncSession, taken: Sequence[Record], crash_ids: dict[str, int], replaced: Sequence[int]
) -> None:
    connection = await session.connection()
    if replaced:
        await connection.execute(delete(CrashAttribute).where(CrashAttribute.crash_id.in_(replaced)))
    rows = [
        {"key": key, "value": value, "time_ms": record.time_ms, "crash_id": crash_ids[record.event_id]}
        for record in taken
        for key, value in record.attributes.items()
    ]
    if rows:
        await connection.execute(insert(table_of(CrashAttribute)), rows)
