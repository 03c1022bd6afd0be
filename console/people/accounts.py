"""Accounts: making, changing and removing them, and the first one."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database import Database
from console.database.tables import Account
from console.database.upsert import insert_into
from console.people.audit import write_entry
from console.people.password import NewPassword, hash_password, needs_rehash, one_time_password, verify_password
from console.people.roles import Role
from console.people.sessions import close_sessions
from console.web.errors import Conflict, NotFound
from contract.errors import InputError

MAX_NAME: Final = 128
MAX_ACCOUNTS: Final = 1000
"""As many as a list shows."""
FIRST_NAME: Final = "admin"


def check_name(name: str) -> str:
    """A name as it is kept, without blanks around it; raises `InputError` for what is none."""
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise InputError(f"a name has 1 to {MAX_NAME} visible characters")
    return name


async def find_account(session: AsyncSession, name: str) -> Account | None:
    """The account of a name."""
    if not name.isprintable():  # no name has such letters, and a database refuses some of them
        return None
    return await session.scalar(select(Account).where(Account.name == name.strip()))


async def account(session: AsyncSession, account_id: int) -> Account:
    """An account by its id; raises `NotFound`."""
    found = await session.get(Account, account_id)
    if found is None:
        raise NotFound("there is no such account")
    return found


async def all_accounts(session: AsyncSession) -> Sequence[Account]:
    """Every account by name."""
    return (await session.scalars(select(Account).order_by(Account.name).limit(MAX_ACCOUNTS))).all()


async def create_account(
    session: AsyncSession,
    name: str,
    role: Role,
    now_ms: int,
    *,
    password: NewPassword | None = None,
    subject: str | None = None,
) -> Account:
    """Make an account with a `password`, or of the `subject` of a provider that signs people in.

    Raises:
        InputError: the name cannot be one.
        Conflict: the name is taken.
    """
    name = check_name(name)
    made = await session.scalar(
        insert_into(session, Account)
        .values(
            name=name,
            role=role.label,
            password=None if password is None else password.hashed,
            must_change=password is not None and bool(password.one_time),
            subject=subject,
            disabled=False,
            created_ms=now_ms,
        )
        .on_conflict_do_nothing()
        .returning(Account)
    )
    if made is None:
        raise Conflict(f"there is an account {name!r} already")
    return made


async def create_first_account(database: Database, now_ms: int) -> tuple[str, str] | None:
    """Make the first admin where there is no account at all; returns its name and its one-time password."""
    async with database.reading() as session:
        if await _any_account(session):
            return None
    password = await one_time_password()
    async with database.writing() as session:
        if await _any_account(session):
            return None
        made = await create_account(session, FIRST_NAME, Role.ADMIN, now_ms, password=password)
        await write_entry(session, "", "account.create", made.name, detail="first start", now_ms=now_ms)
        return made.name, password.one_time


async def set_password(session: AsyncSession, account: Account, password: NewPassword, *, but: str = "") -> None:
    """Give an account a password and end its sessions, `but` for the one with that digest.

    Raises:
        Conflict: the account signs in at a provider.
    """
    if account.subject is not None:
        raise Conflict(f"{account.name!r} signs in elsewhere and has no password here")
    account.password = password.hashed
    account.must_change = bool(password.one_time)
    await close_sessions(session, account.id, but=but)


async def set_role(session: AsyncSession, account: Account, role: Role) -> None:
    """Change what an account may do; raises `Conflict` where nobody would be left who may manage people."""
    if role is not Role.ADMIN:
        await _keep_an_admin(session, account)
    account.role = role.label


async def set_disabled(session: AsyncSession, account: Account, *, disabled: bool) -> None:
    """Lock an account out at once, its tokens too, or let it in again; raises `Conflict` for the last admin."""
    if disabled:
        await _keep_an_admin(session, account)
        await close_sessions(session, account.id)
    account.disabled = disabled


async def remove_account(session: AsyncSession, account: Account) -> None:
    """Remove an account with its sessions, tokens and saved filters; raises `Conflict` for the last admin.

    What it did stays in the audit log, under its name.
    """
    await _keep_an_admin(session, account)
    await session.delete(account)


async def check_password(session: AsyncSession, name: str, password: str) -> Account | None:
    """The account of a name and its password; None for every reason there is, after the same time."""
    found = await find_account(session, name)
    right = await verify_password(None if found is None or found.disabled else found.password, password)
    return found if right else None


async def refreshed_hash(account: Account, password: str) -> str | None:
    """A new hash of a password that was just checked, where the parameters have changed since; else None."""
    if account.password is None or not needs_rehash(account.password):
        return None
    return await hash_password(password)


async def _any_account(session: AsyncSession) -> bool:
    return await session.scalar(select(Account.id).limit(1)) is not None


async def _keep_an_admin(session: AsyncSession, account: Account) -> None:
    """Raises `Conflict` when no other admin would be left.

    The admins' rows are locked until the transaction ends, in one order: two admins who take each other's role away
    at the same time do it one after the other, and the second one is told.
    """
    admins = await session.scalars(
        select(Account.id)
        .where(Account.role == Role.ADMIN.label, Account.disabled.is_(False))
        .order_by(Account.id)
        .with_for_update(key_share=True)
    )
    if set(admins) == {account.id}:
        raise Conflict(f"{account.name!r} is the only admin: make somebody else one first")
