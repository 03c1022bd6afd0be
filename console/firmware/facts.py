"""What people say of a firmware: its name, version, board, and where its source is shown."""

from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Firmware, FirmwareAlias, Profile
from console.firmware.removal import find_firmware_row
from console.firmware.source_link import check_template
from console.people.audit import audit
from console.people.person import Person


async def change_facts(session: AsyncSession, person: Person, number: int, values: Mapping[str, str]) -> Firmware:
    """Change some of `name`, `version`, `board` and `source_url`; raises `NotFound` and `BadSourceTemplate`."""
    row = await find_firmware_row(session, number)
    if template := values.get("source_url"):
        check_template(template)
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if changed:
        await session.execute(update(Firmware).where(Firmware.id == number).values(**changed))
        await audit(session, person, "firmware.change", row.build_id or row.file_name, detail=str(changed))
        await session.refresh(row)
    return row


async def sample_line(session: AsyncSession, firmware: Firmware) -> tuple[str, int]:
    """A file and a line where this firmware crashed; made up where it never did."""
    aliases = select(FirmwareAlias.alias).where(FirmwareAlias.build_id == firmware.build_id)
    found = await session.execute(
        select(Profile.file, Profile.line)
        .where((Profile.build_id == firmware.build_id) | Profile.build_id.in_(aliases))
        .where(Profile.file.is_not(None), Profile.line.is_not(None))
        .order_by(Profile.last_ms.desc())
        .limit(1)
    )
    file, line = found.one_or_none() or (None, None)
    return file or "src/main.c", line or 42
