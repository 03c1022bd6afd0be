"""A firmware chosen by hand: for a build id that no file has, or for a single dump; and the choice taken back."""

import asyncio
from collections.abc import Collection

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from analyzer.firmware import link_firmware, send_waiting, unlink_firmware
from console.database.tables import Crash, DumpLink, Firmware, FirmwareAlias, Profile
from console.database.upsert import insert_into
from console.firmware.missing import why_no_file_fits
from console.people.audit import audit
from console.people.clock import now_ms
from console.people.person import Person
from console.web.errors import Conflict, NotFound
from console.web.services import Services
from contract.event import CrashEvent
from contract.identity import partition_of
from contract.records import FIELD, Keys, encode_record
from contract.requeue import work_item
from runtime.store import link_key
from runtime.streams import stream_errors

_REPLACEABLE = 1
"""The least revision: whatever is found out next takes the place of what is there."""


async def ready_firmware(session: AsyncSession, build_id: str) -> Firmware:
    """A firmware that can be used; raises `NotFound`."""
    found = await session.scalar(select(Firmware).where(Firmware.build_id == build_id, Firmware.state == "ready"))
    if found is None:
        raise NotFound(f"there is no firmware {build_id}: upload its ELF file first")
    return found


async def link_build(services: Services, person: Person, build_id: str, to: str) -> int:
    """Use a firmware for all dumps of another build id; returns how many that waited are analysed again.

    They go on waiting for a file of their own, which takes the link's place when it comes.

    Raises:
        NotFound: there is no such firmware.
        Conflict: the build id has a firmware of its own, or is one that many builds share.
    """
    async with services.database.writing() as session:
        await ready_firmware(session, to)
        if why_no_file_fits(build_id):
            raise Conflict(f"many builds may share the build id {build_id or '(none)'}: link single dumps instead")
        if await session.scalar(select(Firmware.id).where(Firmware.build_id == build_id)):
            raise Conflict(f"{build_id} has a firmware of its own, which wins over a link")
        own = await session.scalar(
            select(FirmwareAlias.build_id).where(FirmwareAlias.alias == build_id, ~FirmwareAlias.by_hand)
        )
        if own is not None:
            raise Conflict(f"{build_id} is another build id of the firmware {own}, which wins over a link")
        values = {"build_id": to, "by_hand": True, "account": person.actor, "at_ms": now_ms()}
        insert = insert_into(session, FirmwareAlias).values(alias=build_id, **values)
        await session.execute(insert.on_conflict_do_update(index_elements=["alias"], set_=values))
        await asyncio.to_thread(link_firmware, services.store, build_id, to)
        await audit(session, person, "firmware.link", build_id, detail=f"to {to}")
    return sum([1 async for _ in send_waiting(services.redis, services.settings, build_id)])


async def unlink_build(services: Services, person: Person, build_id: str) -> int:
    """Undo a link; returns how many dumps that were analysed by it are analysed again. Raises `NotFound`."""
    async with services.database.writing() as session:
        found = await session.execute(
            delete(FirmwareAlias)
            .where(FirmwareAlias.alias == build_id, FirmwareAlias.by_hand)
            .returning(FirmwareAlias.alias)
        )
        # The command line links in the store alone.
        if found.first() is None and not await asyncio.to_thread(services.store.exists, link_key(build_id)):
            raise NotFound(f"{build_id} is not linked to a firmware")
        await asyncio.to_thread(unlink_firmware, services.store, build_id)
        profiles = select(Profile.id).where(Profile.build_id == build_id, Profile.symbolized)
        chosen = select(DumpLink.event_id)
        await session.execute(
            update(Crash)
            .where(Crash.profile_id.in_(profiles), Crash.event_id.not_in(chosen))
            .values(revision=_REPLACEABLE)
        )
        await audit(session, person, "firmware.unlink", build_id)
    return sum([1 async for _ in send_waiting(services.redis, services.settings, build_id)])


async def link_dump(services: Services, person: Person, event: CrashEvent, to: str) -> None:
    """Analyse the dump of one crash with a firmware, now and whenever it is analysed again.

    Raises:
        NotFound: there is no such firmware.
        EventError: the event does not say enough of its dump.
    """
    work_item(event)
    async with services.database.writing() as session:
        await ready_firmware(session, to)
        values = {"build_id": to, "account": person.actor, "at_ms": now_ms()}
        insert = insert_into(session, DumpLink).values(event_id=event.id, **values)
        await session.execute(insert.on_conflict_do_update(index_elements=["event_id"], set_=values))
        await let_replace(session, event)
        await audit(session, person, "crash.link", event.id, detail=f"to {to}")
    await send_again(services, event, to)


async def unlink_dump(services: Services, person: Person, event: CrashEvent) -> None:
    """Take the choice for one dump back; it is analysed again. Raises `NotFound`, and `EventError` as `link_dump`."""
    work_item(event)
    async with services.database.writing() as session:
        found = await session.execute(
            delete(DumpLink).where(DumpLink.event_id == event.id).returning(DumpLink.event_id)
        )
        if found.first() is None:
            raise NotFound("no firmware was chosen for this dump")
        await let_replace(session, event)
        await audit(session, person, "crash.unlink", event.id)
    await send_again(services, event, "")


async def chosen_for(session: AsyncSession, event_id: str) -> DumpLink | None:
    """The firmware that a person chose for one dump."""
    return await session.get(DumpLink, event_id)


async def link_of(session: AsyncSession, build_id: str) -> FirmwareAlias | None:
    """The link of a build id, made by a person."""
    return await session.scalar(select(FirmwareAlias).where(FirmwareAlias.alias == build_id, FirmwareAlias.by_hand))


async def send_again(services: Services, event: CrashEvent, linked: str) -> None:
    """Put the work item of a crash into the dump stream; its event comes again, under the same id.

    Raises:
        EventError: the event does not say what the work was.
        StreamsUnavailable: Redis does not answer.
    """
    item, settings = msgspec.structs.replace(work_item(event), linked=linked), services.settings
    stream = Keys(settings.key_prefix).dumps(partition_of(item.device, settings.partitions))
    with stream_errors():
        await services.redis.xadd(stream, {FIELD: encode_record(item)})


async def end_links(session: AsyncSession, names: Collection[str]) -> None:
    """The file of a build has come, under these build ids: what was chosen by hand stood in for it."""
    await session.execute(delete(FirmwareAlias).where(FirmwareAlias.alias.in_(names), FirmwareAlias.by_hand))
    crashes = select(Crash.event_id).join(Profile, Profile.id == Crash.profile_id).where(Profile.build_id.in_(names))
    await session.execute(delete(DumpLink).where(DumpLink.event_id.in_(crashes)))


async def let_replace(session: AsyncSession, event: CrashEvent) -> None:
    """Let whatever is found out next take the place of what is there, even where it knows less."""
    await session.execute(update(Crash).where(Crash.event_id == event.id).values(revision=_REPLACEABLE))
