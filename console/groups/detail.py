"""What the page of one group tells: its builds, its devices, where its fingerprints went."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Device, Fingerprint, FingerprintDevice, Group, Profile
from console.groups.listing import says
from console.intake.version import version_key

MOST_BUILDS: Final = 50
MOST_DEVICES: Final = 10
MOST_CANDIDATES: Final = 30


@dataclass(frozen=True, slots=True)
class BuildCount:
    """A build that crashed so; times in Unix milliseconds."""

    version: str
    firmware: str
    build_id: str
    crashes: int
    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class DeviceCount:
    """A device that crashed so."""

    name: str
    crashes: int


@dataclass(frozen=True, slots=True)
class Heading:
    """A group by its title."""

    id: int
    title: str
    kind: str
    state: str
    crashes: int
    last_ms: int


async def builds_of(session: AsyncSession, group_id: int) -> list[BuildCount]:
    """The builds that crashed in a group, the newest version first, then the one that crashed last; at most fifty."""
    last = func.max(Profile.last_ms)
    rows = await session.execute(
        select(
            Profile.version,
            Profile.firmware,
            Profile.build_id,
            func.sum(Profile.crashes),
            func.min(Profile.first_ms),
            last,
        )
        .join(Fingerprint, Fingerprint.fingerprint == Profile.fingerprint)
        .where(Fingerprint.group_id == group_id, Profile.crashes > 0)
        .group_by(Profile.version, Profile.firmware, Profile.build_id)
        .order_by(last.desc())
        .limit(MOST_BUILDS)
    )
    found = [
        BuildCount(version, name, build, int(count), first, end) for version, name, build, count, first, end in rows
    ]
    return sorted(found, key=lambda build: version_key(build.version), reverse=True)


async def devices_of(session: AsyncSession, group_id: int) -> list[DeviceCount]:
    """The devices that crashed most in a group; at most ten."""
    crashes = func.sum(FingerprintDevice.crashes)
    most = (
        select(FingerprintDevice.device_id, crashes.label("crashes"))
        .join(Fingerprint, Fingerprint.fingerprint == FingerprintDevice.fingerprint)
        .where(Fingerprint.group_id == group_id)
        .group_by(FingerprintDevice.device_id)
        .order_by(crashes.desc(), FingerprintDevice.device_id)
        .limit(MOST_DEVICES)
        .subquery()
    )
    rows = await session.execute(
        select(Device.name, most.c.crashes)
        .join(most, most.c.device_id == Device.id)
        .order_by(most.c.crashes.desc(), Device.id)
    )
    return [DeviceCount(name, int(count)) for name, count in rows]


async def heirs_of(session: AsyncSession, group_id: int) -> Sequence[Heading]:
    """The groups that hold what was made for a group: those it was merged into."""
    holders = select(Fingerprint.group_id).where(Fingerprint.home_id == group_id, Fingerprint.group_id != group_id)
    return await _headings(session, Group.id.in_(holders), limit=MOST_CANDIDATES)


async def headings_of(session: AsyncSession, group_ids: Sequence[int]) -> Sequence[Heading]:
    """Groups by their ids, those with most crashes first; ids without crashes are left out."""
    return await _headings(session, Group.id.in_(group_ids), limit=len(group_ids))


async def candidates(session: AsyncSession, text: str, without: Sequence[int]) -> Sequence[Heading]:
    """Groups found by a text, to merge with others, those that crashed last first."""
    rows = await session.scalars(
        select(Group)
        .where(says(text), Group.crashes > 0, Group.id.not_in(without))
        .order_by(Group.last_ms.desc(), Group.id.desc())
        .limit(MOST_CANDIDATES)
    )
    return [_heading(group) for group in rows]


async def _headings(session: AsyncSession, condition: ColumnElement[bool], limit: int) -> Sequence[Heading]:
    rows = await session.scalars(
        select(Group).where(condition, Group.crashes > 0).order_by(Group.crashes.desc(), Group.id).limit(limit)
    )
    return [_heading(group) for group in rows]


def _heading(group: Group) -> Heading:
    return Heading(group.id, group.title, group.kind, group.state, group.crashes, group.last_ms)
