"""What the page of one device tells, read from the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Crash, Fingerprint, FingerprintDevice, Firmware, FirmwareAlias, Group, Profile
from console.devices.listing import DeviceRow
from console.devices.past import DAYS, BuildSpan, Loop, ProfileSpan, builds_of, days_of, loops_of
from console.web.daily import DAY_MS

COUNTED: Final = 10_000
"""Crashes of a device that are looked at, the newest ones."""
MOST_GROUPS: Final = 20
MOST_LOOPS: Final = 20
MOST_BUILDS: Final = 50


@dataclass(frozen=True, slots=True)
class GroupCount:
    """A cause that the device crashed by."""

    id: int
    title: str
    kind: str
    state: str
    crashes: int


@dataclass(frozen=True, slots=True)
class Past:
    """What a device went through."""

    days: tuple[int, ...]
    """Crashes on each of the last 30 days (UTC), today last."""
    builds: Sequence[BuildSpan]
    loops: Sequence[Loop]
    is_whole: bool
    """False where only its newest 10,000 crashes were looked at."""


async def past_of(session: AsyncSession, device: DeviceRow, now_ms: int) -> Past:
    """Days, builds and reboot loops of a device."""
    newest = (
        select(Crash.time_ms, Crash.profile_id)
        .where(Crash.device_id == device.id)
        .order_by(Crash.time_ms.desc(), Crash.id.desc())
        .limit(COUNTED)
        .subquery()
    )
    time, day = newest.c.time_ms, newest.c.time_ms // DAY_MS
    days = await session.execute(select(day, func.count()).group_by(day).order_by(day.desc()).limit(DAYS))
    spans = await session.execute(
        select(newest.c.profile_id, func.count(), func.min(time), func.max(time)).group_by(newest.c.profile_id)
    )
    counted: list[ProfileSpan] = [(profile, count, first, last) for profile, count, first, last in spans]
    found = await session.execute(
        select(Profile.id, Profile.version, Profile.firmware, Profile.build_id).where(
            Profile.id.in_([span[0] for span in counted])
        )
    )
    builds = {id_: (version, firmware, build) for id_, version, firmware, build in found}
    # Most devices never were in a loop, which intake has noted.
    times = list[int]() if device.loop_ms is None else (await session.scalars(select(time).order_by(time))).all()
    return Past(
        days=days_of({int(number): count for number, count in days}, now_ms),
        builds=builds_of(counted, builds)[:MOST_BUILDS],
        loops=loops_of(times)[:MOST_LOOPS],
        is_whole=device.crashes <= COUNTED,
    )


async def groups_of(session: AsyncSession, device_id: int) -> list[GroupCount]:
    """The groups that a device crashed in most; at most twenty."""
    crashes = func.sum(FingerprintDevice.crashes)
    rows = await session.execute(
        select(Group.id, Group.title, Group.kind, Group.state, crashes)
        .join(Fingerprint, Fingerprint.group_id == Group.id)
        .join(FingerprintDevice, FingerprintDevice.fingerprint == Fingerprint.fingerprint)
        .where(FingerprintDevice.device_id == device_id)
        .group_by(Group.id, Group.title, Group.kind, Group.state)
        .order_by(crashes.desc(), Group.id)
        .limit(MOST_GROUPS)
    )
    return [GroupCount(id_, title, kind, state, int(count)) for id_, title, kind, state, count in rows]


async def firmware_of(session: AsyncSession, build_id: str | None) -> int | None:
    """The number of the uploaded firmware of a build id, or of one that stands in for it."""
    if not build_id:
        return None
    aliases = select(FirmwareAlias.build_id).where(FirmwareAlias.alias == build_id)
    return await session.scalar(
        select(Firmware.id)
        .where(or_(Firmware.build_id == build_id, Firmware.build_id.in_(aliases)))
        .order_by((Firmware.build_id == build_id).desc())
        .limit(1)
    )
