"""The connection to SQLite or PostgreSQL, transactions, and their failures as ours."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from contract.errors import ServiceError

_WRITES: Final = "faultcast_writes"
_BUSY_SECONDS: Final = 20


class DatabaseUnavailable(ServiceError):
    """The database cannot be reached, is full, or refuses what it is told."""

    code = "database-unavailable"


class Database:
    """One database: `reading` for questions, `writing` for a transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    @property
    def is_sqlite(self) -> bool:
        """Whether there is one writer at a time, and no server."""
        return self.engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSession]:
        """A session that changes nothing; raises `DatabaseUnavailable`."""
        with database_errors():
            async with AsyncSession(self.engine, expire_on_commit=False) as session:
                yield session

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncSession]:
        """A transaction: all of it, or nothing where the body raises. Raises `DatabaseUnavailable`."""
        with database_errors():
            engine = self.engine.execution_options(**{_WRITES: True})
            async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
                yield session

    async def verify(self) -> None:
        """Check that the database answers; raises `DatabaseUnavailable`."""
        async with self.reading() as session:
            await session.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Give back all connections."""
        await self.engine.dispose()


def open_database(url: str) -> Database:
    """A database by SQLAlchemy's URL; connects when it is first used."""
    engine = create_async_engine(url, pool_pre_ping=make_url(url).get_backend_name() != "sqlite")
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return Database(engine)


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    """Readers beside one writer, waiting instead of failing, foreign keys kept; transactions begin as we say."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={_BUSY_SECONDS * 1000}",
        "foreign_keys=ON",
        "cache_size=-65536",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes then fails at once where somebody wrote in between.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def database_errors() -> Generator[None]:
    """Turn what SQLAlchemy and its drivers raise into `DatabaseUnavailable` with what to do next.

    A statement that breaks a rule of the schema is a bug of ours and stays what it is.
    """
    try:
        yield
    except OperationalError as error:
        raise DatabaseUnavailable(f"the database cannot be used ({_reason(error)}): {_ADVICE}") from error
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise DatabaseUnavailable(f"the connection to the database broke ({_reason(error)}): {_ADVICE}") from error
    except (OSError, TimeoutError) as error:
        if isinstance(error, SQLAlchemyError):
            raise
        raise DatabaseUnavailable(f"the database cannot be reached ({error}): {_ADVICE}") from error


_ADVICE: Final = "is it running, is its disk full, is FAULTCAST_DATABASE_URL right? Nothing is lost, it is tried again"


def _reason(error: DBAPIError) -> str:
    """What the database said, without the statement and its values."""
    return str(error.orig).splitlines()[0] if str(error.orig) else type(error.orig).__name__
