"""A firmware chosen by hand: for a build id that no file has, or for a single dump."""

import asyncio

import msgspec
from redis.asyncio import Redis
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from analyzer.firmware import link_firmware, release, unlink_firmware
from console.database.tables import Firmware, FirmwareAlias
from console.database.upsert import insert_into
from console.firmware.missing import why_no_file_fits
from console.people.clock import now_ms
from console.web.errors import Conflict, NotFound
from contract.event import CrashEvent
from contract.identity import partition_of
from contract.records import FIELD, Keys, encode_record
from contract.requeue import work_item
from runtime.settings import Settings
from runtime.store import Store
from runtime.streams import stream_errors


async def ready_firmware(session: AsyncSession, build_id: str) -> Firmware:
    """A firmware that can be used; raises `NotFound`."""
    found = await session.scalar(select(Firmware).where(Firmware.build_id == build_id, Firmware.state == "ready"))
    if found is None:
        raise NotFound(f"there is no firmware {build_id}: upload its ELF file first")
    return found


async def link_build(
    session: AsyncSession, settings: Settings, store: Store, redis: Redis, *, build_id: str, to: str, account: str
) -> int:
    """Use a firmware for all dumps of another build id; returns how many that waited are analysed again.

    Raises:
        NotFound: there is no such firmware.
        Conflict: the build id has a firmware of its own, or is one that many builds share.
    """
    await ready_firmware(session, to)
    if why_no_file_fits(build_id):
        raise Conflict(f"many builds may share the build id {build_id or '(none)'}: link single dumps instead")
    if await session.scalar(select(Firmware.id).where(Firmware.build_id == build_id)):
        raise Conflict(f"{build_id} has a firmware of its own, which wins over a link")
    values = {"build_id": to, "by_hand": True, "account": account, "at_ms": now_ms()}
    insert = insert_into(session, FirmwareAlias).values(alias=build_id, **values)
    await session.execute(insert.on_conflict_do_update(index_elements=["alias"], set_=values))
    await asyncio.to_thread(link_firmware, store, build_id, to)
    return sum([1 async for _ in release(redis, settings, build_id)])


async def unlink_build(session: AsyncSession, store: Store, build_id: str) -> None:
    """Undo a link; what was analysed stays as it is. Raises `NotFound`."""
    found = await session.execute(
        delete(FirmwareAlias)
        .where(FirmwareAlias.alias == build_id, FirmwareAlias.by_hand)
        .returning(FirmwareAlias.alias)
    )
    if found.first() is None:
        raise NotFound(f"{build_id} is not linked to a firmware")
    await asyncio.to_thread(unlink_firmware, store, build_id)


async def link_dump(session: AsyncSession, settings: Settings, redis: Redis, event: CrashEvent, to: str) -> None:
    """Analyse the dump of one crash with a firmware; the same event comes again, with names.

    Raises:
        NotFound: there is no such firmware.
        EventError: the event does not say enough of its dump.
    """
    await ready_firmware(session, to)
    item = msgspec.structs.replace(work_item(event), linked=to)
    with stream_errors():
        stream = Keys(settings.key_prefix).dumps(partition_of(item.device, settings.partitions))
        await redis.xadd(stream, {FIELD: encode_record(item)})
