"""The command for who locked themselves out of the console."""

import asyncio
import re
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from console.database import open_database
from console.database.migrate import migrate
from console.database.tables import AuditEntry
from console.people.accounts import check_password, create_account
from console.people.roles import Role
from faultcast.cli import app


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with an account of a provider, as the console leaves it when it is not running."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAULTCAST_STORE", str(tmp_path / "store"))
    url = f"sqlite+aiosqlite:///{tmp_path / 'console.db'}"

    async def prepare() -> None:
        database = open_database(url)
        await migrate(database)
        async with database.writing() as session:
            await create_account(session, "eve", Role.VIEWER, 0, subject="https://id.example eve")
        await database.close()

    asyncio.run(prepare())
    return url


def account(*words: str, code: int = 0) -> str:
    answer = CliRunner().invoke(app, ["account", *words])
    assert answer.exit_code == code, answer.output
    return answer.output


def right(url: str, name: str, password: str) -> bool:
    async def ask() -> bool:
        database = open_database(url)
        async with database.reading() as session:
            found = await check_password(session, name, password)
        await database.close()
        return found is not None

    return asyncio.run(ask())


def password_in(output: str) -> str:
    found = re.search(r"password  (\S+)", output)
    assert found is not None
    return found[1]


def test_a_lost_password_is_replaced_and_noted(url: str) -> None:
    first = password_in(account("add", "ada", "--role", "admin"))
    assert right(url, "ada", first)
    second = password_in(account("reset-password", "ada"))
    assert not right(url, "ada", first)
    assert right(url, "ada", second)

    async def log() -> list[tuple[str, str]]:
        database = open_database(url)
        async with database.reading() as session:
            found = (await session.execute(select(AuditEntry.account, AuditEntry.action))).all()
        await database.close()
        return [(row.account, row.action) for row in found]

    assert asyncio.run(log()) == [("command line", "account.create"), ("command line", "account.password")]


def test_roles_and_access_change_and_the_last_admin_stays(url: str) -> None:
    once = password_in(account("add", "ada", "--role", "admin"))
    assert "only admin" in account("disable", "ada", code=2)
    assert "only admin" in account("role", "ada", "viewer", code=2)
    account("role", "eve", "admin")
    account("disable", "ada")
    assert not right(url, "ada", once)
    listed = account("list")
    assert re.search(r"ada +admin +disabled", listed)
    assert re.search(r"eve +admin +elsewhere", listed)
    account("enable", "ada")
    assert right(url, "ada", once)


@pytest.mark.usefixtures("url")
def test_what_cannot_be_is_said_in_a_line() -> None:
    assert "there is no account 'bob'" in account("reset-password", "bob", code=2)
    assert "viewer, engineer, admin" in account("role", "eve", "root", code=2)
    assert "signs in elsewhere" in account("reset-password", "eve", code=2)
    assert "already" in account("add", "eve", code=2)
    assert "visible characters" in account("add", " ", code=2)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAULTCAST_STORE", str(tmp_path / "store"))
    assert "there is no database" in account("list", code=2)
    assert not (tmp_path / "console.db").exists()
