"""Accounts: who stays, who goes, and what may not happen at the same time; on both databases."""

import asyncio

import pytest

from console.database import Database
from console.people import accounts
from console.people.password import NewPassword, one_time_password
from console.people.roles import Role
from console.web.errors import Conflict

PASSWORD = NewPassword("no hash")


async def admins(database: Database, *names: str) -> list[int]:
    async with database.writing() as session:
        return [(await accounts.create_account(session, name, Role.ADMIN, 0, password=PASSWORD)).id for name in names]


async def take_away(database: Database, account_id: int, how: str, seen: asyncio.Barrier) -> bool:
    """Whether an admin could be taken away, after all who try have looked at the accounts."""
    if database.is_sqlite:
        await seen.wait()
    try:
        async with database.writing() as session:
            account = await accounts.account(session, account_id)
            if not database.is_sqlite:  # there is one writer at a time anyway
                await seen.wait()
            match how:
                case "role":
                    await accounts.set_role(session, account, Role.VIEWER)
                case "disable":
                    await accounts.set_disabled(session, account, disabled=True)
                case _:
                    await accounts.remove_account(session, account)
    except Conflict:
        return False
    return True


@pytest.mark.parametrize("ways", [("role", "role"), ("disable", "remove"), ("remove", "role")])
async def test_two_admins_who_remove_each_other_at_once_leave_one(database: Database, ways: tuple[str, str]) -> None:
    pair = await admins(database, "ada", "bob")
    seen = asyncio.Barrier(2)
    done = await asyncio.gather(*(take_away(database, each, how, seen) for each, how in zip(pair, ways, strict=True)))
    assert sorted(done) == [False, True]
    async with database.reading() as session:
        left = [each for each in await accounts.all_accounts(session) if each.role == "admin" and not each.disabled]
    assert len(left) == 1


async def test_a_disabled_admin_does_not_count_and_may_go(database: Database) -> None:
    ada, bob = await admins(database, "ada", "bob")
    async with database.writing() as session:
        await accounts.set_disabled(session, await accounts.account(session, bob), disabled=True)
    with pytest.raises(Conflict, match="only admin"):
        async with database.writing() as session:
            await accounts.set_role(session, await accounts.account(session, ada), Role.ENGINEER)
    async with database.writing() as session:
        await accounts.remove_account(session, await accounts.account(session, bob))
    async with database.reading() as session:
        assert [each.name for each in await accounts.all_accounts(session)] == ["ada"]


async def test_a_name_or_a_subject_that_is_taken_is_refused(database: Database) -> None:
    async with database.writing() as session:
        await accounts.create_account(session, "ada", Role.VIEWER, 0, subject="https://id.example 1")
    for name, subject in (("ada", None), ("bob", "https://id.example 1")):
        with pytest.raises(Conflict):
            async with database.writing() as session:
                await accounts.create_account(session, name, Role.VIEWER, 0, subject=subject)


async def test_who_signs_in_elsewhere_gets_no_password_here(database: Database) -> None:
    async with database.writing() as session:
        account = await accounts.create_account(session, "ada", Role.VIEWER, 0, subject="https://id.example 1")
        with pytest.raises(Conflict, match="elsewhere"):
            await accounts.set_password(session, account, PASSWORD)
        assert await accounts.check_password(session, "ada", "") is None


async def test_a_one_time_password_can_be_typed() -> None:
    once = await one_time_password()
    assert len(once.one_time) == 23
    assert once.one_time.replace("-", "").isalnum()
    assert not set("il1o0") & set(once.one_time)
