"""Firmware that is there, with the crashes of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Firmware, FirmwareAlias, Profile

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class ListedFirmware:
    """A firmware, its other names, and how often it crashed."""

    row: Firmware
    aliases: tuple[FirmwareAlias, ...]
    crashes: int
    last_ms: int | None
    """Newest crash, Unix milliseconds."""


async def listed(
    session: AsyncSession, *, before: int | None = None, limit: int = PAGE, text: str = "", ready: bool = False
) -> list[ListedFirmware]:
    """Firmware, newest upload first; `before` is the number of the last one of the page before.

    `text` is looked for in build id, name, version, board and file name; `ready` leaves out what cannot be used.
    """
    query = select(Firmware).order_by(Firmware.id.desc()).limit(limit)
    if text:
        named = (Firmware.build_id, Firmware.name, Firmware.version, Firmware.board, Firmware.file_name)
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in named)))
    if ready:
        query = query.where(Firmware.state == "ready")
    if before is not None:
        query = query.where(Firmware.id < before)
    return await _with_crashes(session, (await session.scalars(query)).all())


async def one(session: AsyncSession, row: Firmware) -> ListedFirmware:
    """The same of a single one."""
    return (await _with_crashes(session, [row]))[0]


async def _with_crashes(session: AsyncSession, rows: Sequence[Firmware]) -> list[ListedFirmware]:
    known = [row.build_id for row in rows if row.build_id is not None]
    aliases: dict[str, list[FirmwareAlias]] = {name: [] for name in known}
    for alias in await session.scalars(select(FirmwareAlias).where(FirmwareAlias.build_id.in_(known))):
        aliases[alias.build_id].append(alias)
    names = {*known, *(alias.alias for group in aliases.values() for alias in group)}
    counts = await session.execute(
        select(Profile.build_id, func.sum(Profile.crashes), func.max(Profile.last_ms))
        .where(Profile.build_id.in_(names), Profile.crashes > 0)
        .group_by(Profile.build_id)
    )
    crashes = {build_id: (int(count), last_ms) for build_id, count, last_ms in counts}
    found: list[ListedFirmware] = []
    for row in rows:
        others = aliases.get(row.build_id or "", [])
        own = [crashes[name] for name in (row.build_id, *(each.alias for each in others)) if name in crashes]
        newest = max((last_ms for _, last_ms in own), default=None)
        found.append(ListedFirmware(row, tuple(others), sum(count for count, _ in own), newest))
    return found
