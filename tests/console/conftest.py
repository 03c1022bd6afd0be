"""A database for each test: SQLite in a file, and PostgreSQL where it is installed."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from httpx import ASGITransport, AsyncClient
from redis.asyncio import Redis
from sqlalchemy import text
from support.console import PASSWORD, SignIn, app_over
from support.postgresql import postgresql_server, server_programs

from console.database import Database, open_database
from console.database.migrate import migrate
from console.database.tables import Base
from console.people import password
from console.people.accounts import create_account
from console.people.roles import Role
from console.settings import ConsoleSettings
from console.web.services import Services
from runtime.settings import Settings
from runtime.store import FolderStore

PG_OPTIONS = ("fsync=off", "max_connections=50")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a database with all tables, of a server of PostgreSQL for the whole run."""
    programs = server_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed")
    # Not below pytest's folder, which each run closes to everybody but its own user.
    with tempfile.TemporaryDirectory() as folder, postgresql_server(programs, Path(folder), *PG_OPTIONS) as url:
        database = url.format(name="postgres")
        asyncio.run(_migrate(database))
        yield database


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


async def _empty(url: str) -> None:
    """Make tables as they were; quicker by far than a database for each test."""
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    database = open_database(url)
    async with database.engine.begin() as connection:
        # What a test killed may hold a lock until the server notices.
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        )
        await connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database with all tables is, once of each kind."""
    if request.param == "sqlite":
        file = tmp_path / "console.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), file)
        return f"sqlite+aiosqlite:///{file}"
    url: str = request.getfixturevalue("postgresql")
    asyncio.run(_empty(url))
    return url


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
    transport = ASGITransport(app_over(services))
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
