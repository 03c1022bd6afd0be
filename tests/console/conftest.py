"""A database for each test: SQLite in a file, and PostgreSQL where it is installed."""

import os
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from console.database import Database, open_database
from console.database.migrate import migrate


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
    yield f"postgresql+asyncpg://test@/{{name}}?host={folder}"
    run("pg_ctl", "--pgdata", str(data), "--mode", "immediate", "stop")


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database with all tables, once of each kind."""
    if request.param == "sqlite":
        database = open_database(f"sqlite+aiosqlite:///{tmp_path / 'console.db'}")
    else:
        url: str = request.getfixturevalue("postgresql")
        name = f"t{secrets.token_hex(6)}"
        server = open_database(url.format(name="postgres"))
        async with server.engine.connect() as connection:
            outside = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await outside.execute(text(f"CREATE DATABASE {name}"))
        await server.close()
        database = open_database(url.format(name=name))
    await migrate(database)
    yield database
    await database.close()
