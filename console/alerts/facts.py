"""What alerts tell of crashes and groups, from the tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from console.alerts.alert import CrashFacts, GroupFacts
from console.database.tables import Crash, Device, Fingerprint, Group, Profile
from console.events import match
from console.events.filter import EventFilter
from console.web.moment import rfc3339


@dataclass(frozen=True, slots=True)
class Place:
    """Where a crash counts; its time in Unix milliseconds."""

    crash_id: int
    time_ms: int
    device_id: int
    group_id: int


async def places(session: AsyncSession, crash_ids: Iterable[int]) -> list[Place]:
    """Of crashes, in the order of their time."""
    rows = await session.execute(
        select(Crash.id, Crash.time_ms, Crash.device_id, Fingerprint.group_id)
        .join(Profile, Profile.id == Crash.profile_id)
        .join(Fingerprint, Fingerprint.fingerprint == Profile.fingerprint)
        .where(Crash.id.in_(crash_ids))
        .order_by(Crash.time_ms, Crash.id)
    )
    return [Place(*row) for row in rows]


async def fitting(session: AsyncSession, query: str, crash_ids: Iterable[int]) -> set[int]:
    """Of crashes those that fit a filter."""
    crash_ids = set(crash_ids)
    if not query or not crash_ids:
        return crash_ids
    conditions = match.conditions(EventFilter.parse(query))
    return set(await session.scalars(select(Crash.id).where(Crash.id.in_(crash_ids), *conditions)))


async def group_facts(session: AsyncSession, group_ids: Iterable[int], address: str) -> dict[int, GroupFacts]:
    """Groups by their ids, those that are there."""
    columns = Group.id, Group.title, Group.kind, Group.crashes, Group.devices
    rows = await session.execute(select(*columns).where(Group.id.in_(set(group_ids))))
    return {
        id_: GroupFacts(id=id_, title=title, kind=kind, crashes=crashes, devices=devices, url=f"{address}/groups/{id_}")
        for id_, title, kind, crashes, devices in rows
    }


async def crash_facts(session: AsyncSession, crash_ids: Iterable[int], address: str) -> dict[int, CrashFacts]:
    """Crashes by their ids, those that are there."""
    rows = await session.execute(
        select(
            Crash.id,
            Crash.event_id,
            Crash.time_ms,
            Device.name,
            Profile.title,
            Profile.kind,
            Profile.firmware,
            Profile.version,
            Profile.board,
        )
        .join(Profile, Profile.id == Crash.profile_id)
        .join(Device, Device.id == Crash.device_id)
        .where(Crash.id.in_(set(crash_ids)))
    )
    return {
        id_: CrashFacts(
            event_id=event_id,
            time=rfc3339(time_ms),
            device=device,
            title=title,
            kind=kind,
            firmware=firmware,
            version=version,
            board=board,
            url=f"{address}/crashes/{quote(event_id, safe='')}",
        )
        for id_, event_id, time_ms, device, title, kind, firmware, version, board in rows
    }
