"""One crash as it is kept: its event in the database, its report in the store."""

import asyncio
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from analyzer.report.model import Report, decode_report
from console.database.tables import Crash, CrashDocument, Fingerprint, Firmware, FirmwareAlias, Group, Profile
from console.intake.record import read_document
from console.web.errors import NotFound
from contract.errors import InputError
from contract.event import CrashEvent, EventError
from contract.malformed import MALFORMED
from runtime.logs import get_logger
from runtime.store import NoSuchObject, Store, best_report, report_key

log = get_logger(__name__)

PRUNED: Final = "The full report is not in the store any more; this is what the crash event says."
DAMAGED: Final = "The full report cannot be read; this is what the crash event says. Analyse the dump again."


@dataclass(frozen=True, slots=True)
class StoredCrash:
    """What the database has about a crash."""

    event: CrashEvent
    time_ms: int
    group_id: int | None
    group_title: str
    source_url: str
    """Template of its firmware for links to source; empty where there is none."""


@dataclass(frozen=True, slots=True)
class StoredReport:
    """The best report of a crash; without one it is said why."""

    report: Report | None
    why_not: str = ""


async def load_crash(session: AsyncSession, event_id: str) -> StoredCrash:
    """The crash of an event id; raises `NotFound`, and `InputError` where its event cannot be read."""
    row = (
        await session.execute(
            select(CrashDocument.event, Crash.time_ms, Group.id, Group.title)
            .join(Crash, Crash.id == CrashDocument.crash_id)
            .join(Profile, Profile.id == Crash.profile_id)
            .outerjoin(Fingerprint, Fingerprint.fingerprint == Profile.fingerprint)
            .outerjoin(Group, Group.id == Fingerprint.group_id)
            .where(Crash.event_id == _canonical(event_id))
        )
    ).one_or_none()
    if row is None:
        raise NotFound("there is no crash with this id; it may have been removed by age")
    try:
        event = read_document(row[0])
    except (EventError, zlib.error) as error:
        raise InputError(
            "the event of this crash cannot be read; read the event stream again from its start"
        ) from error
    firmware = event.data.firmware
    source_url = await _source_url(session, firmware.linked or firmware.build_id)
    return StoredCrash(event, row[1], row[2], row[3] or "", source_url)


async def load_report(store: Store, event: CrashEvent) -> StoredReport:
    """The report that a crash event came of, else the best one of the crash; raises `StoreUnavailable`."""
    try:
        return StoredReport(decode_report(await asyncio.to_thread(_report, store, event)))
    except NoSuchObject:
        return StoredReport(None, PRUNED)
    except MALFORMED:
        log.warning("report-damaged", event_id=event.id)
        return StoredReport(None, DAMAGED)


def _report(store: Store, event: CrashEvent) -> bytes:
    with suppress(NoSuchObject):
        return store.get(report_key(event.id, event.data.revision))
    return best_report(store, event.id)


def _canonical(event_id: str) -> str:
    try:
        return str(UUID(event_id))
    except ValueError as error:
        raise NotFound("a crash is named by a UUID, and this is none") from error


async def _source_url(session: AsyncSession, build_id: str) -> str:
    if not build_id:
        return ""
    aliases = select(FirmwareAlias.build_id).where(FirmwareAlias.alias == build_id)
    found = await session.scalars(
        select(Firmware.source_url).where(or_(Firmware.build_id == build_id, Firmware.build_id.in_(aliases)))
    )
    return next((url for url in found if url), "")
