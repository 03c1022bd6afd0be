"""Removing a firmware, and what still needs it."""

import asyncio
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from analyzer.firmware import remove_firmware as remove_firmware_files
from analyzer.firmware import unlink_firmware
from console.database.tables import DumpLink, Firmware, FirmwareAlias, Profile
from console.firmware.indexing import upload_file
from console.people.audit import audit
from console.people.person import Person
from console.web.errors import Conflict, NotFound
from console.web.services import Services
from runtime.store import Store


@dataclass(frozen=True, slots=True)
class Needs:
    """What would be missed: reports stay, but values can no longer be opened, and new crashes have no names."""

    crashes: int
    last_ms: int | None
    """Newest of the crashes, Unix milliseconds."""
    linked: tuple[str, ...]
    """Build ids that were linked to it by hand."""
    dumps: int = 0
    """Single dumps that were."""

    @property
    def is_nothing(self) -> bool:
        """Whether nobody would miss it."""
        return not (self.crashes or self.linked or self.dumps)


async def find_firmware_row(session: AsyncSession, number: int) -> Firmware:
    """An upload by its number; raises `NotFound`."""
    found = await session.get(Firmware, number)
    if found is None:
        raise NotFound(f"there is no firmware number {number}; it may have been removed")
    return found


async def needs(session: AsyncSession, firmware: Firmware) -> Needs:
    """What needs a firmware."""
    aliases = (await session.scalars(select(FirmwareAlias).where(FirmwareAlias.build_id == firmware.build_id))).all()
    names = [firmware.build_id, *(alias.alias for alias in aliases)]
    row = await session.execute(
        select(func.coalesce(func.sum(Profile.crashes), 0), func.max(Profile.last_ms)).where(
            Profile.build_id.in_(names), Profile.crashes > 0
        )
    )
    crashes, last_ms = row.one()
    dumps = await session.scalar(select(func.count()).where(DumpLink.build_id == firmware.build_id))
    return Needs(int(crashes), last_ms, tuple(alias.alias for alias in aliases if alias.by_hand), dumps or 0)


async def remove_firmware(services: Services, person: Person, number: int, *, force: bool) -> int:
    """Remove an upload; returns the bytes that were freed.

    Raises:
        NotFound: there is none of this number.
        Conflict: crashes or links need it, and nobody said that it goes all the same.
    """
    async with services.database.writing() as session:
        row = await find_firmware_row(session, number)
        found = await needs(session, row)
        if not force and not found.is_nothing:
            raise Conflict(
                f"{found.crashes} crashes and {len(found.linked) + found.dumps} links need this firmware: "
                "remove it with force=true"
            )
        freed = await remove(session, services.store, row)
        detail = f"{found.crashes} crashes needed it"
        await audit(session, person, "firmware.delete", row.build_id or row.file_name, detail=detail)
    await asyncio.to_thread(upload_file(services.settings, number).unlink, missing_ok=True)
    return freed


async def remove(session: AsyncSession, store: Store, firmware: Firmware) -> int:
    """Remove a firmware, its other names and its links; returns the bytes that were freed."""
    aliases = (await session.scalars(select(FirmwareAlias).where(FirmwareAlias.build_id == firmware.build_id))).all()
    for table in (FirmwareAlias, DumpLink):
        await session.execute(delete(table).where(table.build_id == firmware.build_id))
    await session.execute(delete(Firmware).where(Firmware.id == firmware.id))
    freed = 0
    for name in (firmware.build_id, *(alias.alias for alias in aliases if not alias.by_hand)):
        if name is not None:
            freed += await asyncio.to_thread(remove_firmware_files, store, name)
    for alias in aliases:
        if alias.by_hand:
            await asyncio.to_thread(unlink_firmware, store, alias.alias)
    return freed
