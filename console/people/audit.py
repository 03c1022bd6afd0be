"""The audit log: who did what, when, from where. Written in the transaction that does it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database import Database
from console.database.tables import AuditEntry
from console.people.clock import now_ms as now
from console.people.person import Person
from console.web.moment import rfc3339
from console.web.spreadsheet import csv_lines

PAGE: Final = 100
BATCH: Final = 1000
"""Entries in one read of an export."""
RECENT: Final = 2000
MAX_TEXT: Final = 1000


async def write_entry(
    session: AsyncSession,
    account: str,
    action: str,
    subject: str = "",
    *,
    detail: str = "",
    address: str = "",
    now_ms: int | None = None,
) -> None:
    """Note that `account` (empty: by itself) did `action`, a stable slug, to `subject`."""
    session.add(
        AuditEntry(
            at_ms=now() if now_ms is None else now_ms,
            account=account,
            action=action,
            subject=subject[:MAX_TEXT],
            detail=detail[:MAX_TEXT],
            address=address[:64],
        )
    )
    await session.flush()


async def audit(session: AsyncSession, person: Person, action: str, subject: str = "", *, detail: str = "") -> None:
    """Write down what somebody does; the action is a stable slug such as `firmware.delete`."""
    await write_entry(session, person.actor, action, subject, detail=detail, address=person.address)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries somebody wants to see; times are a half-open range in Unix milliseconds."""

    account: str = ""
    """Name of an account: what it did itself, and what its tokens did."""
    action: str = ""
    since_ms: int | None = None
    until_ms: int | None = None


async def entries(
    session: AsyncSession, asked: Asked, *, before: int | None = None, limit: int = PAGE
) -> Sequence[AuditEntry]:
    """What was done, newest first; `before` is the id of the last entry of the page before."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    if asked.account:
        by_token = AuditEntry.account.startswith(f"{asked.account} (", autoescape=True)
        query = query.where(or_(AuditEntry.account == asked.account, by_token))
    if asked.action:
        query = query.where(AuditEntry.action == asked.action)
    if asked.since_ms is not None:
        query = query.where(AuditEntry.at_ms >= asked.since_ms)
    if asked.until_ms is not None:
        query = query.where(AuditEntry.at_ms < asked.until_ms)
    return (await session.scalars(query)).all()


async def known_actions(session: AsyncSession) -> Sequence[str]:
    """Actions among the latest entries, to choose from."""
    latest = select(AuditEntry.action).order_by(AuditEntry.id.desc()).limit(RECENT).subquery()
    return (await session.scalars(select(latest.c.action).distinct().order_by(latest.c.action))).all()


COLUMNS: Final = ("time", "account", "action", "subject", "detail", "address")


async def export(database: Database, asked: Asked) -> AsyncIterator[str]:
    """All entries that fit as CSV, newest first; a session for each batch, so that a slow reader holds none."""
    yield csv_lines([COLUMNS])
    before: int | None = None
    while True:
        async with database.reading() as session:
            found = await entries(session, asked, before=before, limit=BATCH)
        yield csv_lines(
            (rfc3339(each.at_ms), each.account, each.action, each.subject, each.detail, each.address) for each in found
        )
        if len(found) < BATCH:
            return
        before = found[-1].id
