"""A page of crashes: newest first, from one cursor to the next."""

import re
from dataclasses import dataclass
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, Row, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Crash, Device, Fingerprint, Profile
from console.events import match, plan
from console.events.filter import EventFilter
from contract.errors import InputError

PAGE: Final = 50
COUNTED: Final = 10_000
"""Crashes that are counted at most."""
_CURSOR: Final = re.compile(r"([on])([0-9]{1,15})-([0-9]{1,15})")


class BadCursor(InputError):
    """Not a cursor that we gave."""

    code = "bad-cursor"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two crashes, and which of its sides is wanted."""

    time_ms: int
    id: int
    older: bool = True

    @classmethod
    def parse(cls, text: str) -> Self:
        """From what a page gave; raises `BadCursor`."""
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise BadCursor("cursor: expected what an earlier page gave as its next or previous one")
        return cls(int(match[2]), int(match[3]), match[1] == "o")

    def __str__(self) -> str:
        return f"{'o' if self.older else 'n'}{self.time_ms}-{self.id}"


@dataclass(frozen=True, slots=True)
class CrashRow:
    """A crash as tables show it; times in Unix milliseconds."""

    id: int
    event_id: str
    time_ms: int
    revision: int
    change: int
    device: str
    title: str
    kind: str
    function: str | None
    file: str | None
    line: int | None
    thread: str | None
    trust: str
    symbolized: bool
    complete: bool
    architecture: str
    build_id: str
    firmware: str
    version: str
    board: str
    os: str
    fingerprint: str
    group_id: int | None
    uptime_ms: int | None
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Page:
    """Crashes, newest first, and the way on, where there is more."""

    crashes: tuple[CrashRow, ...]
    older: Cursor | None
    newer: Cursor | None


async def page_of(
    session: AsyncSession, asked: EventFilter, now_ms: int, cursor: Cursor | None = None, limit: int = PAGE
) -> Page:
    """The `limit` crashes next to the cursor, or the newest ones."""
    chosen = plan.choose(await plan.sources(session, asked))
    if chosen.is_empty:
        return Page((), None, None)
    older = cursor is None or cursor.older
    time, number = plan.newest(chosen)
    ids = plan.crashes_of(chosen, asked, now_ms)
    if cursor is not None:
        here, there = tuple_(time, number), tuple_(cursor.time_ms, cursor.id)
        ids = ids.where(here < there if older else here > there)
    order = (time.desc(), number.desc()) if older else (time.asc(), number.asc())
    rows = await _rows(session, ids.order_by(*order).limit(limit + 1))
    more = len(rows) > limit
    # Read away from the cursor, the one too many is the farthest.
    rows = rows[:limit] if older else rows[-limit:]
    if not rows:
        return Page((), None, None)
    first, last = rows[0], rows[-1]
    # There is always something on the side that the cursor came from.
    has_older = more if older else True
    has_newer = cursor is not None if older else more
    return Page(
        rows,
        older=Cursor(last.time_ms, last.id) if has_older else None,
        newer=Cursor(first.time_ms, first.id, older=False) if has_newer else None,
    )


_COLUMNS: Final = (
    Crash.id,
    Crash.event_id,
    Crash.time_ms,
    Crash.revision,
    Crash.change,
    Device.name,
    Profile.title,
    Profile.kind,
    Profile.function,
    Profile.file,
    Profile.line,
    Profile.thread,
    Profile.trust,
    Profile.symbolized,
    Profile.complete,
    Profile.architecture,
    Profile.build_id,
    Profile.firmware,
    Profile.version,
    Profile.board,
    Profile.os,
    Profile.fingerprint,
    Fingerprint.group_id,
    Crash.uptime_ms,
    Crash.sha256,
    Crash.size,
)
"""In the order of the fields of `CrashRow`."""


def _shown(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return (
        select(*_COLUMNS)
        .join(Profile, Profile.id == Crash.profile_id)
        .join(Device, Device.id == Crash.device_id)
        .outerjoin(Fingerprint, Fingerprint.fingerprint == Profile.fingerprint)
        .where(*conditions)
    )


async def _rows(session: AsyncSession, chosen: Select[int, int]) -> tuple[CrashRow, ...]:
    """The crashes whose ids a query finds, newest first."""
    ids = [row[0] for row in await session.execute(chosen)]
    if not ids:
        return ()
    found = await session.execute(_shown(Crash.id.in_(ids)))
    return tuple(sorted(map(_row, found), key=lambda each: (-each.time_ms, -each.id)))


def _row(row: Row[*tuple[Any, ...]]) -> CrashRow:
    return CrashRow(*row)


async def crash_row(session: AsyncSession, event_id: str) -> CrashRow | None:
    """One crash by the id of its event."""
    row = (await session.execute(_shown(Crash.event_id == event_id))).one_or_none()
    return None if row is None else _row(row)


async def newest_of_device(session: AsyncSession, device_id: int, limit: int) -> tuple[CrashRow, ...]:
    """The newest crashes of a device, also of one whose name a filter would take for more than one."""
    chosen = select(Crash.id, Crash.time_ms).where(Crash.device_id == device_id)
    return await _rows(session, chosen.order_by(Crash.time_ms.desc(), Crash.id.desc()).limit(limit))


async def changed_since(
    session: AsyncSession, asked: EventFilter, change: int, now_ms: int, limit: int = PAGE
) -> tuple[CrashRow, ...]:
    """Crashes that came or changed after `change` and fit, in the order of their changes."""
    chosen = select(Crash.id, Crash.change).where(
        Crash.change > change, *match.conditions(asked), *match.times(asked, Crash.time_ms + 0, now_ms)
    )
    rows = await _rows(session, chosen.order_by(Crash.change).limit(limit))
    return tuple(sorted(rows, key=lambda each: each.change))


async def newest_change(session: AsyncSession) -> int:
    """The number of the latest change; 0 where there is none."""
    return (await session.execute(select(func.coalesce(func.max(Crash.change), 0)))).scalar_one()
