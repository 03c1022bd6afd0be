"""The counters that crashes are counted in: by profile, hour, day, fingerprint, and fingerprint and device."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from console.database.tables import Crash, CrashDay, CrashHour, Fingerprint, FingerprintDevice, Group, Profile
from console.database.upsert import insert_into
from console.intake.owners import table_of

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Counted:
    """Where a crash is counted."""

    device_id: int
    profile_id: int
    fingerprint: str
    time_ms: int


async def count(
    session: AsyncSession, added: Iterable[Counted], removed: Iterable[Counted], groups: Mapping[str, int]
) -> None:
    """Count crashes that were added, and take back those that were removed, whose rows are as they are now.

    `groups` names the group of each of their fingerprints. Profiles without crashes are deleted; fingerprints stay,
    for people may have decided about them.
    """
    added, removed = list(added), list(removed)
    await _count_profiles(session, added, removed)
    await _count_times(session, CrashHour, CrashHour.hour, _steps(HOUR_MS, added, removed))
    await _count_times(session, CrashDay, CrashDay.day, _steps(DAY_MS, added, removed))
    await _count_fingerprints(session, added, removed, groups)


def _difference(added: Iterable[K], removed: Iterable[K]) -> dict[K, int]:
    """How much each key changes, without those that do not."""
    counter = Counter(added)
    counter.subtract(Counter(removed))
    return {key: number for key, number in counter.items() if number}


async def _count_profiles(session: AsyncSession, added: list[Counted], removed: list[Counted]) -> None:
    profile, crash, connection = table_of(Profile), table_of(Crash), await session.connection()
    touched = {each.profile_id for each in (*added, *removed)}
    change = _difference((each.profile_id for each in added), (each.profile_id for each in removed))
    of_profile = crash.c.profile_id == profile.c.id
    first = select(func.min(crash.c.time_ms)).where(of_profile).correlate(profile).scalar_subquery()
    last = select(func.max(crash.c.time_ms)).where(of_profile).correlate(profile).scalar_subquery()
    await connection.execute(
        update(profile)
        .where(profile.c.id == bindparam("this"))
        .values(
            crashes=profile.c.crashes + bindparam("more"),
            first_ms=func.coalesce(first, profile.c.first_ms),
            last_ms=func.coalesce(last, profile.c.last_ms),
        ),
        [{"this": id_, "more": change.get(id_, 0)} for id_ in touched],
    )


async def drop_empty_profiles(session: AsyncSession, profile_ids: Iterable[int]) -> None:
    """Delete those of the profiles that no crash has any more."""
    await session.execute(delete(Profile).where(Profile.id.in_(profile_ids), Profile.crashes <= 0))


def _steps(step_ms: int, added: list[Counted], removed: list[Counted]) -> dict[tuple[int, int], int]:
    """How much each pair of a step of time and a profile changes."""
    return _difference(
        ((each.time_ms // step_ms, each.profile_id) for each in added),
        ((each.time_ms // step_ms, each.profile_id) for each in removed),
    )


async def _count_times(
    session: AsyncSession,
    table: type[CrashHour] | type[CrashDay],
    time: InstrumentedAttribute[int],
    change: Mapping[tuple[int, int], int],
) -> None:
    """Count by steps of time, whose numbers are in the column `time`, and by profile."""
    if not change:
        return
    connection, statement = await session.connection(), insert_into(session, table)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[time, table.profile_id],
            set_={"crashes": table.crashes + statement.excluded.crashes},
        ),
        [{time.key: step, "profile_id": id_, "crashes": number} for (step, id_), number in change.items()],
    )
    fewer = {step for (step, _), number in change.items() if number < 0}
    if fewer:
        await connection.execute(delete(table).where(time.in_(fewer), table.crashes <= 0))


async def _count_fingerprints(
    session: AsyncSession, added: list[Counted], removed: list[Counted], groups: Mapping[str, int]
) -> None:
    connection = await session.connection()
    crashes = _difference((each.fingerprint for each in added), (each.fingerprint for each in removed))
    pairs = _difference(
        ((each.fingerprint, each.device_id) for each in added), ((each.fingerprint, each.device_id) for each in removed)
    )
    devices = await _more_devices(session, pairs, groups)
    if crashes:
        fingerprint = table_of(Fingerprint)
        await connection.execute(
            update(fingerprint)
            .where(fingerprint.c.fingerprint == bindparam("this"))
            .values(crashes=fingerprint.c.crashes + bindparam("more")),
            [{"this": name, "more": number} for name, number in crashes.items()],
        )
    if pairs:
        statement = insert_into(session, FingerprintDevice)
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=[FingerprintDevice.fingerprint, FingerprintDevice.device_id],
                set_={"crashes": FingerprintDevice.crashes + statement.excluded.crashes},
            ),
            [{"fingerprint": name, "device_id": id_, "crashes": number} for (name, id_), number in pairs.items()],
        )
        fewer = {name for (name, _), number in pairs.items() if number < 0}
        if fewer:
            await connection.execute(
                delete(FingerprintDevice).where(
                    FingerprintDevice.fingerprint.in_(fewer), FingerprintDevice.crashes <= 0
                )
            )
    more = Counter[int]()
    for name, number in crashes.items():
        more[groups[name]] += number
    changed = [
        {"this": id_, "crashes_more": more[id_], "devices_more": devices[id_]}
        for id_ in more.keys() | devices.keys()
        if more[id_] or devices[id_]
    ]
    if changed:
        group = table_of(Group)
        await connection.execute(
            update(group)
            .where(group.c.id == bindparam("this"))
            .values(
                crashes=group.c.crashes + bindparam("crashes_more"), devices=group.c.devices + bindparam("devices_more")
            ),
            changed,
        )


async def _more_devices(
    session: AsyncSession, pairs: Mapping[tuple[str, int], int], groups: Mapping[str, int]
) -> Counter[int]:
    """By how many devices each group changes: a device counts once, whichever of its fingerprints it crashed with."""
    rows = await session.execute(
        select(Fingerprint.group_id, FingerprintDevice.device_id, func.sum(FingerprintDevice.crashes))
        .join(Fingerprint, Fingerprint.fingerprint == FingerprintDevice.fingerprint)
        .where(
            FingerprintDevice.device_id.in_({device_id for _, device_id in pairs}),
            Fingerprint.group_id.in_({groups[name] for name, _ in pairs}),
        )
        .group_by(Fingerprint.group_id, FingerprintDevice.device_id)
    )
    before = Counter({(group_id, device_id): int(number) for group_id, device_id, number in rows})
    after = Counter(before)
    for (name, device_id), number in pairs.items():
        after[groups[name], device_id] += number
    more = Counter[int]()
    for key in before.keys() | after.keys():
        more[key[0]] += (after[key] > 0) - (before[key] > 0)
    return more
