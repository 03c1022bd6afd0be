"""A page of groups, with what tells at a glance how each one goes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from console.database.tables import Crash, CrashDay, Fingerprint, Group, Profile
from console.groups.changes import NoSuchGroup
from console.intake.version import version_key
from console.web.daily import DAY_MS
from contract.errors import InputError

DAYS: Final = 30
LONGEST_PAGE: Final = 200
MOST_VERSIONS: Final = 10
MOST_MEMBERS: Final = 200


class BadCursor(InputError):
    """A cursor that did not come from a page of groups."""

    code = "cursor"


class Order(StrEnum):
    """What comes first; newest, or most."""

    LAST = "last"
    FIRST = "first"
    COUNT = "crashes"
    DEVICES = "devices"


@dataclass(frozen=True, slots=True)
class GroupQuery:
    """Which groups, in which order, from where on."""

    states: frozenset[str] = frozenset()
    """Any of them; all states where it is empty."""
    text: str = ""
    """Words that must all occur in what one of its crashes says (title, explanation, functions, files), or a part of
    the title or the kind; in any case."""
    kind: str = ""
    firmware: str = ""
    """Name of a firmware that crashed."""
    version: str = ""
    """Version of a firmware that crashed."""
    order: Order = Order.LAST
    cursor: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as the list shows it; times in Unix milliseconds."""

    id: int
    title: str
    kind: str
    state: str
    resolved_version: str
    resolved_ms: int | None
    regressed_ms: int | None
    regressed_version: str
    decided_ms: int | None
    decided_by: str
    crashes: int
    devices: int
    first_ms: int
    last_ms: int
    versions: tuple[str, ...]
    """Firmware versions that crashed, newest first, at most ten."""
    days: tuple[int, ...]
    """Crashes of each of the last 30 days (UTC), today last."""


@dataclass(frozen=True, slots=True)
class GroupPage:
    """Some groups, and where the next ones begin."""

    groups: tuple[GroupRow, ...]
    cursor: str
    """Of the next page; empty on the last one."""


@dataclass(frozen=True, slots=True)
class Member:
    """A fingerprint of a group."""

    fingerprint: str
    crashes: int
    title: str
    """Of one of its profiles; empty where no crash has it any more."""
    is_at_home: bool
    """Whether this group was made for it, so that a split makes a new one."""


async def list_groups(session: AsyncSession, query: GroupQuery, now_ms: int) -> GroupPage:
    """A page of the groups that have crashes; raises `BadCursor`."""
    limit = max(1, min(query.limit, LONGEST_PAGE))
    key = _column(query.order)
    statement = select(Group).where(Group.crashes > 0, *_conditions(query))
    if query.cursor:
        statement = statement.where(tuple_(key, Group.id) < tuple_(*_place(query.cursor)))
    rows = (await session.scalars(statement.order_by(key.desc(), Group.id.desc()).limit(limit + 1))).all()
    found, more = rows[:limit], len(rows) > limit
    ids = [group.id for group in found]
    versions, days = await versions_of(session, ids), await days_of(session, ids, now_ms)
    last = found[-1] if found else None
    return GroupPage(
        groups=tuple(_row(group, versions.get(group.id, ()), days[group.id]) for group in found),
        cursor=f"{getattr(last, key.key)}.{last.id}" if more and last is not None else "",
    )


async def find_group(session: AsyncSession, group_id: int, now_ms: int) -> GroupRow:
    """One group, also where no crash is left in it; raises `NoSuchGroup`."""
    group = await session.get(Group, group_id)
    if group is None:
        raise NoSuchGroup(f"there is no group {group_id}")
    versions, days = await versions_of(session, [group_id]), await days_of(session, [group_id], now_ms)
    return _row(group, versions.get(group_id, ()), days[group_id])


async def days_of(session: AsyncSession, group_ids: Sequence[int], now_ms: int) -> dict[int, tuple[int, ...]]:
    """Crashes of groups on each of the last 30 days (UTC), today last."""
    first = now_ms // DAY_MS - DAYS + 1
    rows = await session.execute(
        select(Fingerprint.group_id, CrashDay.day, func.sum(CrashDay.crashes))
        .join(Profile, Profile.fingerprint == Fingerprint.fingerprint)
        .join(CrashDay, CrashDay.profile_id == Profile.id)
        .where(Fingerprint.group_id.in_(group_ids), CrashDay.day.between(first, first + DAYS - 1))
        .group_by(Fingerprint.group_id, CrashDay.day)
    )
    days = {group_id: [0] * DAYS for group_id in group_ids}
    for group_id, day, crashes in rows:
        days[group_id][day - first] = int(crashes)
    return {group_id: tuple(each) for group_id, each in days.items()}


async def versions_of(session: AsyncSession, group_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The firmware versions that crashed in groups, newest first."""
    rows = await session.execute(
        select(Fingerprint.group_id, Profile.version)
        .join(Profile, Profile.fingerprint == Fingerprint.fingerprint)
        .where(Fingerprint.group_id.in_(group_ids), Profile.crashes > 0, Profile.version != "")
        .distinct()
    )
    found: dict[int, list[str]] = {}
    for group_id, version in rows:
        found.setdefault(group_id, []).append(version)
    return {
        group_id: tuple(sorted(versions, key=version_key, reverse=True)[:MOST_VERSIONS])
        for group_id, versions in found.items()
    }


async def members_of(session: AsyncSession, group_id: int) -> list[Member]:
    """The fingerprints of a group, those with most crashes first; at most two hundred."""
    title = (
        select(func.max(Profile.title))
        .where(Profile.fingerprint == Fingerprint.fingerprint, Profile.crashes > 0)
        .correlate(Fingerprint)
        .scalar_subquery()
    )
    rows = await session.execute(
        select(Fingerprint.fingerprint, Fingerprint.crashes, title, Fingerprint.home_id)
        .where(Fingerprint.group_id == group_id)
        .order_by(Fingerprint.crashes.desc(), Fingerprint.fingerprint)
        .limit(MOST_MEMBERS)
    )
    return [Member(name, crashes, found or "", home == group_id) for name, crashes, found, home in rows]


async def newest_crash(session: AsyncSession, group_id: int) -> str | None:
    """The event id of the newest crash of a group."""
    return await session.scalar(
        select(Crash.event_id)
        .join(Profile, (Profile.id == Crash.profile_id) & (Profile.last_ms == Crash.time_ms))
        .join(Fingerprint, Fingerprint.fingerprint == Profile.fingerprint)
        .where(Fingerprint.group_id == group_id)
        .order_by(Crash.time_ms.desc(), Crash.id.desc())
        .limit(1)
    )


def _row(group: Group, versions: tuple[str, ...], days: tuple[int, ...]) -> GroupRow:
    return GroupRow(
        id=group.id,
        title=group.title,
        kind=group.kind,
        state=group.state,
        resolved_version=group.resolved_version,
        resolved_ms=group.resolved_ms,
        regressed_ms=group.regressed_ms,
        regressed_version=group.regressed_version,
        decided_ms=group.decided_ms,
        decided_by=group.decided_by,
        crashes=group.crashes,
        devices=group.devices,
        first_ms=group.first_ms,
        last_ms=group.last_ms,
        versions=versions,
        days=days,
    )


def _column(order: Order) -> InstrumentedAttribute[int]:
    return {
        Order.LAST: Group.last_ms,
        Order.FIRST: Group.first_ms,
        Order.COUNT: Group.crashes,
        Order.DEVICES: Group.devices,
    }[order]


def _conditions(query: GroupQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if query.states:
        found.append(Group.state.in_(query.states))
    if query.text:
        found.append(says(query.text))
    if query.kind:
        found.append(Group.kind == query.kind)
    built = [
        column == value
        for column, value in ((Profile.firmware, query.firmware), (Profile.version, query.version))
        if value
    ]
    if built:
        crashed = (
            select(Fingerprint.group_id)
            .join(Profile, Profile.fingerprint == Fingerprint.fingerprint)
            .where(Profile.crashes > 0, *built)
        )
        found.append(Group.id.in_(crashed))
    return found


def says(text: str) -> ColumnElement[bool]:
    """Whether a group has a text in its title or kind, or all its words in what one of its crashes says."""
    words = [Profile.text.contains(word, autoescape=True) for word in text.casefold().split()]
    crashes = (
        select(Fingerprint.group_id)
        .join(Profile, Profile.fingerprint == Fingerprint.fingerprint)
        .where(Profile.crashes > 0, *words)
    )
    return or_(
        Group.title.icontains(text, autoescape=True),
        Group.kind.icontains(text, autoescape=True),
        Group.id.in_(crashes),
    )


def _place(cursor: str) -> tuple[int, int]:
    value, _, id_ = cursor.partition(".")
    if not (value.isdecimal() and id_.isdecimal() and value.isascii() and id_.isascii() and len(cursor) <= 38):
        raise BadCursor("this cursor is not one of a page of groups: begin with the first page, without a cursor")
    place = int(value), int(id_)
    if max(place) >= 2**63:
        raise BadCursor("this cursor is not one of a page of groups: begin with the first page, without a cursor")
    return place
