"""The rows that crashes belong to: their devices and their profiles, made where they are missing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import msgspec
from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.base import Base
from console.database.tables import Device, Profile
from console.database.upsert import insert_into
from console.intake.record import Record


def table_of(entity: type[Base]) -> Table:
    """The table itself: rows are written in bulk, without objects."""
    return cast("Table", entity.__table__)


@dataclass(frozen=True, slots=True)
class Owners:
    """Ids of what crashes belong to."""

    devices: dict[str, int]
    """By name."""
    profiles: dict[str, int]
    """By digest."""


async def find_owners(session: AsyncSession, records: Sequence[Record]) -> Owners:
    """The devices and profiles of records; those that are missing are made."""
    return Owners(await _devices(session, records), await _profiles(session, records))


async def _devices(session: AsyncSession, records: Sequence[Record]) -> dict[str, int]:
    times = {record.device: record.time_ms for record in records}
    found = await _device_ids(session, times)
    if missing := times.keys() - found.keys():
        await (await session.connection()).execute(
            insert_into(session, Device).on_conflict_do_nothing(),
            [{"name": name, "crashes": 0, "first_ms": times[name], "last_ms": times[name]} for name in missing],
        )
        found |= await _device_ids(session, missing)
    return found


async def _device_ids(session: AsyncSession, names: Iterable[str]) -> dict[str, int]:
    rows = await session.execute(select(Device.name, Device.id).where(Device.name.in_(names)))
    return dict(rows.all())


async def _profiles(session: AsyncSession, records: Sequence[Record]) -> dict[str, int]:
    examples = {record.digest: record for record in records}
    found = await _profile_ids(session, examples.keys())
    if missing := examples.keys() - found.keys():
        await (await session.connection()).execute(
            insert_into(session, Profile).on_conflict_do_nothing(),
            [
                {
                    "digest": digest,
                    "crashes": 0,
                    "first_ms": examples[digest].time_ms,
                    "last_ms": examples[digest].time_ms,
                    **msgspec.structs.asdict(examples[digest].profile),
                }
                for digest in missing
            ],
        )
        found |= await _profile_ids(session, missing)
    return found


async def _profile_ids(session: AsyncSession, digests: Iterable[str]) -> dict[str, int]:
    rows = await session.execute(select(Profile.digest, Profile.id).where(Profile.digest.in_(digests)))
    return dict(rows.all())
