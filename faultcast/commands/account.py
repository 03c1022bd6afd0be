"""`faultcast account`: people of the console, on the machine of its database, for who locked themselves out."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from faultcast.failure import failing_clearly

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from console.database.tables import Account
    from console.people.password import NewPassword
    from console.people.roles import Role

app = typer.Typer(
    help="People who may sign in to the console. Works on its database: the console need not run, and notices at once.",
    no_args_is_help=True,
)
T = TypeVar("T")
Name = Annotated[str, typer.Argument(help="Name of the account.", show_default=False)]
RoleName = Annotated[str, typer.Argument(help="viewer, engineer or admin.", show_default=False)]


@app.command("list")
def list_() -> None:
    """Show every account: role, how it signs in, when it last did."""
    with failing_clearly():
        from datetime import UTC, datetime

        from rich.console import Console
        from rich.table import Table

        from console.people.accounts import all_accounts
        from faultcast.printable import printable

        found = _run(all_accounts)
        if not found:
            typer.echo("no accounts yet: the console makes the first one when it starts")
            return
        table = Table("name", "role", "signs in", "last sign-in", box=None, pad_edge=False)
        for each in found:
            how = "elsewhere" if each.subject is not None else "one-time password" if each.must_change else "password"
            last = "never" if each.last_ms is None else f"{datetime.fromtimestamp(each.last_ms / 1000, UTC):%F %R UTC}"
            table.add_row(printable(each.name), each.role, "disabled" if each.disabled else how, last)
        Console(markup=False).print(table)


@app.command()
def add(name: Name, role: Annotated[str, typer.Option("--role", help="viewer, engineer or admin.")] = "viewer") -> None:
    """Make an account, and print its password for one sign-in."""
    with failing_clearly():
        from console.people.accounts import create_account
        from console.people.clock import now_ms
        from console.people.password import NewPassword

        wanted = _role(role)

        async def work(session: "AsyncSession", password: NewPassword) -> str:
            made = await create_account(session, name, wanted, now_ms(), password=password)
            await _note(session, "account.create", made.name, made.role)
            return made.name

        _with_password(work)


@app.command("reset-password")
def reset_password(name: Name) -> None:
    """Replace a password by one for one sign-in, and print it; all sessions of the account end."""
    with failing_clearly():
        from console.people.accounts import set_password
        from console.people.password import NewPassword

        async def work(session: "AsyncSession", password: NewPassword) -> str:
            account = await _account(session, name)
            await set_password(session, account, password)
            await _note(session, "account.password", account.name)
            return account.name

        _with_password(work)


@app.command()
def role(name: Name, role: RoleName) -> None:
    """Change what an account may do; the last admin stays one."""
    with failing_clearly():
        from console.people.accounts import set_role

        wanted = _role(role)

        async def work(session: "AsyncSession") -> None:
            account = await _account(session, name)
            await set_role(session, account, wanted)
            await _note(session, "account.role", account.name, wanted.label)

        _run(work)
        typer.echo(f"{name.strip()}: {wanted.label}")


@app.command()
def disable(name: Name) -> None:
    """Lock an account out at once, with its sessions and tokens; the last admin stays."""
    _set_disabled(name, disabled=True)


@app.command()
def enable(name: Name) -> None:
    """Let an account in again."""
    _set_disabled(name, disabled=False)


def _set_disabled(name: str, *, disabled: bool) -> None:
    with failing_clearly():
        from console.people.accounts import set_disabled

        async def work(session: "AsyncSession") -> None:
            account = await _account(session, name)
            await set_disabled(session, account, disabled=disabled)
            await _note(session, "account.disable" if disabled else "account.enable", account.name)

        _run(work)
        typer.echo(f"{name.strip()}: {'disabled' if disabled else 'enabled'}")


def _with_password(work: "Callable[[AsyncSession, NewPassword], Awaitable[str]]") -> None:
    """Do something in a transaction with a one-time password, and print that when it is done."""
    import asyncio

    from console.people.password import one_time_password

    password = asyncio.run(one_time_password())
    name = _run(lambda session: work(session, password))
    typer.echo(f"name      {name}\npassword  {password.one_time}   (for one sign-in)")


def _run(work: "Callable[[AsyncSession], Awaitable[T]]") -> T:
    """Do something in one transaction of the console's database."""
    import asyncio

    from sqlalchemy import make_url

    from console.database import open_database
    from console.database.migrate import migrate
    from console.settings import load_console_settings
    from contract.errors import InputError

    settings = load_console_settings()
    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise InputError(
            f"there is no database {url.database}: it is made when the console starts; where there is one, run this "
            "in its folder, or with the console's FAULTCAST_STORE or FAULTCAST_DATABASE_URL"
        )

    async def run() -> T:
        database = open_database(settings.database)
        try:
            await migrate(database)
            async with database.writing() as session:
                return await work(session)
        finally:
            await database.close()

    return asyncio.run(run())


async def _account(session: "AsyncSession", name: str) -> "Account":
    from console.people.accounts import find_account
    from contract.errors import InputError

    found = await find_account(session, name)
    if found is None:
        raise InputError(f"there is no account {name!r} (faultcast account list)")
    return found


async def _note(session: "AsyncSession", action: str, subject: str, detail: str = "") -> None:
    from console.people.audit import write_entry

    await write_entry(session, "command line", action, subject, detail=detail)


def _role(label: str) -> "Role":
    from console.people.roles import Role
    from contract.errors import InputError

    try:
        return Role.of(label)
    except ValueError as error:
        raise InputError(f"{label!r} is no role: {error}") from error
