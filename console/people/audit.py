"""The audit log: who did what, when, from where. Written in the transaction that does it."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import AuditEntry
from console.people.clock import now_ms as now
from console.people.person import Person

PAGE: Final = 100
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


async def entries(
    session: AsyncSession, *, before: int | None = None, account: str = "", action: str = "", limit: int = PAGE
) -> Sequence[AuditEntry]:
    """What was done, newest first; `before` is the id of the last entry of the page before."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    if account:
        query = query.where(AuditEntry.account == account)
    if action:
        query = query.where(AuditEntry.action == action)
    return (await session.scalars(query)).all()
