"""Accounts: making and changing them, and the first one."""

import secrets
from collections.abc import Sequence
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from console.database import Database
from console.database.tables import Account
from console.database.upsert import insert_into
from console.people.audit import write_entry
from console.people.password import check_strength, hash_password, needs_rehash, verify_password
from console.people.roles import Role
from console.people.sessions import close_sessions
from console.web.errors import Conflict, NotFound
from contract.errors import InputError

MAX_NAME: Final = 128
MAX_ACCOUNTS: Final = 1000
"""As many as a list shows."""
FIRST_NAME: Final = "admin"
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Nothing that is mistaken for another letter when it is typed off a terminal."""


def check_name(name: str) -> str:
    """A name as it is kept, without blanks around it; raises `InputError` for what is none."""
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise InputError(f"a name has 1 to {MAX_NAME} visible characters")
    return name


def one_time_password() -> str:
    """20 letters and digits in groups of five, which are 99 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


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


async def create_account(session: AsyncSession, name: str, role: Role, now_ms: int) -> tuple[Account, str]:
    """Make an account; returns it and its one-time password.

    Raises:
        InputError: the name cannot be one.
        Conflict: the name is taken.
    """
    password = one_time_password()
    name = check_name(name)
    made = await session.scalar(
        insert_into(session, Account)
        .values(
            name=name,
            role=role.label,
            password=await hash_password(password),
            must_change=True,
            disabled=False,
            created_ms=now_ms,
        )
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(Account)
    )
    if made is None:
        raise Conflict(f"there is an account {name!r} already")
    return made, password


async def create_first_account(database: Database, now_ms: int) -> tuple[str, str] | None:
    """Make the first admin where there is no account at all; returns its name and its one-time password."""
    async with database.writing() as session:
        if await session.scalar(select(Account.id).limit(1)) is not None:
            return None
        made, password = await create_account(session, FIRST_NAME, Role.ADMIN, now_ms)
        await write_entry(session, "", "account.create", made.name, detail="first start", now_ms=now_ms)
        return made.name, password


async def set_password(session: AsyncSession, account: Account, password: str, *, but: str = "") -> None:
    """Give an account a password of its own and end its sessions, `but` for the one with that digest.

    Raises:
        WeakPassword: it would be guessed.
    """
    check_strength(password, account.name)
    account.password = await hash_password(password)
    account.must_change = False
    await close_sessions(session, account.id, but=but)


async def reset_password(session: AsyncSession, account: Account) -> str:
    """Give an account a one-time password and end its sessions; returns the password.

    Raises:
        Conflict: the account signs in at a provider.
    """
    if account.subject is not None:
        raise Conflict(f"{account.name!r} signs in elsewhere and has no password here")
    password = one_time_password()
    account.password = await hash_password(password)
    account.must_change = True
    await close_sessions(session, account.id)
    return password


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


async def check_password(session: AsyncSession, name: str, password: str) -> Account | None:
    """The account of a name and its password; None for every reason there is, after the same time."""
    found = await find_account(session, name)
    right = await verify_password(None if found is None or found.disabled else found.password, password)
    return found if right else None


async def refresh_hash(account: Account, password: str) -> None:
    """Hash a password that was just checked again, where the parameters have changed since."""
    if account.password is not None and needs_rehash(account.password):
        account.password = await hash_password(password)


async def _keep_an_admin(session: AsyncSession, account: Account) -> None:
    others = await session.scalar(
        select(func.count())
        .select_from(Account)
        .where(Account.role == Role.ADMIN.label, Account.disabled.is_(False), Account.id != account.id)
    )
    if account.role == Role.ADMIN.label and not account.disabled and not others:
        raise Conflict(f"{account.name!r} is the only admin: make somebody else one first")
