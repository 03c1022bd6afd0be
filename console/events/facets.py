"""Values to choose from in a filter."""

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import CrashAttribute, Device, Group, Profile

MOST: Final = 100
_COLUMNS: Final = {
    "build": Profile.build_id,
    "version": Profile.version,
    "firmware": Profile.firmware,
    "board": Profile.board,
    "arch": Profile.architecture,
    "kind": Profile.kind,
    "thread": Profile.thread,
    "trust": Profile.trust,
}


async def values_of(session: AsyncSession, name: str, start: str = "") -> list[str]:
    """Values that a parameter can have, those with the most crashes first; none where there is nothing to list."""
    if name in ("symbolized", "complete"):
        return ["true", "false"]
    if name == "device":
        named = select(Device.name).where(func.substr(Device.name, 1, len(start)) == start)
        return list(await session.scalars(named.order_by(Device.last_ms.desc()).limit(MOST)))
    if name == "group":
        groups = select(Group.id).where(Group.crashes > 0).order_by(Group.last_ms.desc()).limit(MOST)
        return [str(each) for each in await session.scalars(groups)]
    if name == "attr.":
        return [f"{key}=" for key in await _keys(session)]
    column = _COLUMNS.get(name)
    if column is None:
        return []
    values = select(column).where(column.is_not(None), column != "").group_by(column)
    return [each or "" for each in await session.scalars(values.order_by(func.sum(Profile.crashes).desc()).limit(MOST))]


async def _keys(session: AsyncSession) -> list[str]:
    """Keys of the metadata: from one to the next along the index, however many crashes have each."""
    keys: list[str] = []
    last = ""
    while len(keys) < MOST:
        key = (
            await session.scalars(
                select(CrashAttribute.key).where(CrashAttribute.key > last).order_by(CrashAttribute.key).limit(1)
            )
        ).first()
        if key is None:
            break
        keys.append(key)
        last = key
    return keys
