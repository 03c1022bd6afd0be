"""Filters that somebody gave a name: one's own, and what others share."""

from typing import Final

from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database.tables import Account, SavedFilter
from console.events.filter import EventFilter
from console.web.errors import NotFound
from contract.errors import InputError, LimitExceeded

MOST: Final = 100
MAX_NAME: Final = 80


class BadName(InputError):
    """A name that a saved filter cannot have."""

    code = "bad-name"


async def saved_for(session: AsyncSession, account_id: int) -> list[tuple[SavedFilter, str]]:
    """What an account sees, its own first, each with the name of its owner."""
    found = select(SavedFilter, Account.name).join(Account, Account.id == SavedFilter.account_id)
    visible = found.where(or_(SavedFilter.account_id == account_id, SavedFilter.shared))
    order = ((SavedFilter.account_id == account_id).desc(), func.lower(SavedFilter.name), SavedFilter.id)
    return [(each, owner) for each, owner in await session.execute(visible.order_by(*order))]


async def save(
    session: AsyncSession, account_id: int, name: str, asked: EventFilter, now_ms: int, *, shared: bool
) -> SavedFilter:
    """Keep a filter under a name; one of that account with the same name is replaced.

    Raises:
        BadName: the name is empty or too long.
        LimitExceeded: the account has as many as it may have.
    """
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME or "\0" in name:
        raise BadName(f"a saved filter needs a name of 1 to {MAX_NAME} characters")
    own = list(await session.scalars(select(SavedFilter).where(SavedFilter.account_id == account_id)))
    kept = next((each for each in own if each.name == name), None)
    if kept is None:
        if len(own) >= MOST:
            raise LimitExceeded(f"there are {MOST} saved filters already: delete one first")
        kept = SavedFilter(account_id=account_id, name=name, created_ms=now_ms)
        session.add(kept)
    kept.query, kept.shared = asked.query, shared
    await session.flush()
    return kept


async def forget(session: AsyncSession, account_id: int, number: int) -> None:
    """Delete one of an account's own; raises `NotFound`."""
    mine = delete(SavedFilter).where(SavedFilter.id == number, SavedFilter.account_id == account_id)
    if (await session.execute(mine.returning(SavedFilter.id))).first() is None:
        raise NotFound("there is no such saved filter of yours: it may have been deleted already")
