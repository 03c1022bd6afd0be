"""A database for each test: SQLite in a file, and PostgreSQL where it is installed."""

import asyncio
import os
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from httpx import ASGITransport, AsyncClient
from redis.asyncio import Redis
from sqlalchemy import text
from support.console import PASSWORD, SignIn

from console.app import create_app
from console.database import Database, open_database
from console.database.migrate import migrate
from console.people import password
from console.people.accounts import create_account
from console.people.roles import Role
from console.settings import ConsoleSettings
from console.web.services import Services
from runtime.settings import Settings
from runtime.store import FolderStore


def _programs() -> Path | None:
    """Where PostgreSQL's server programs are; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of PostgreSQL for the whole run, without the name of a database."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    folder = tmp_path_factory.mktemp("postgresql")
    user = {}
    if os.geteuid() == 0:  # the server refuses to run as root
        user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        for each in (folder, *folder.parents[:3]):
            each.chmod(0o777)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, *arguments],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            **user,  # type: ignore[arg-type]
        )

    data = folder / "data"
    run("initdb", "--pgdata", str(data), "--auth", "trust", "--username", "test", "--no-sync", "--encoding", "UTF8")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=50"
    run("pg_ctl", "--pgdata", str(data), "--wait", "--log", str(folder / "log"), "--options", options, "start")
    url = f"postgresql+asyncpg://test@/{{name}}?host={folder}"
    asyncio.run(_create(url, "migrated", "template0"))
    asyncio.run(_migrate(url.format(name="migrated")))
    yield url
    with suppress(subprocess.CalledProcessError):  # it may have been stopped with the terminal
        run("pg_ctl", "--pgdata", str(data), "--mode", "immediate", "stop")


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with all tables, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "console.db"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{file}"))
    return file


async def _migrate(url: str) -> None:
    database = open_database(url)
    await migrate(database)
    await database.close()


async def _create(url: str, name: str, template: str) -> None:
    server = open_database(url.format(name="postgres"))
    async with server.engine.connect() as connection:
        outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await outside.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    await server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database with all tables is, once of each kind."""
    if request.param == "sqlite":
        file = tmp_path / "console.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), file)
        return f"sqlite+aiosqlite:///{file}"
    url: str = request.getfixturevalue("postgresql")
    name = f"t{secrets.token_hex(6)}"
    asyncio.run(_create(url, name, "migrated"))
    return url.format(name=name)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An empty database with all tables, once of each kind."""
    database = open_database(database_url)
    yield database
    await database.close()


@pytest.fixture
def services(database: Database, redis: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Services:
    """What the application stands on, once with each kind of database; passwords are hashed at little cost."""
    monkeypatch.setattr(password, "_hasher", PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
    console = ConsoleSettings(**settings.model_dump(), _env_file=None)
    return Services(console, database, redis, FolderStore(settings.store))


@pytest.fixture
async def client(services: Services) -> AsyncIterator[AsyncClient]:
    """A browser that nobody signed in with, in front of the whole application; follows no redirects."""
    transport = ASGITransport(create_app(services))
    async with AsyncClient(transport=transport, base_url="http://console.test") as client:
        yield client


@pytest.fixture
def sign_in(services: Services, client: AsyncClient) -> SignIn:
    """Makes an account of a role and signs `client` in with it; its unsafe requests carry the CSRF token."""

    async def sign_in(role: Role = Role.VIEWER, name: str = "") -> str:
        name = name or role.label
        chosen = await password.chosen_password(PASSWORD, name)
        async with services.database.writing() as session:
            await create_account(session, name, role, 0, password=chosen)
        answer = await client.post("/sign-in", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        client.headers["X-CSRF-Token"] = (await client.get("/api/v1/me")).json()["csrf"]
        return name

    return sign_in
