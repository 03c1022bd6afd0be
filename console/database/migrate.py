"""Bringing a database to the schema of this version."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from console.database.engine import Database, database_errors


async def migrate(database: Database) -> None:
    """Run the migrations that a database lacks; raises `DatabaseUnavailable`."""
    with database_errors():
        async with database.engine.connect() as connection:
            await connection.run_sync(_upgrade)
            await connection.commit()


def _upgrade(connection: Connection) -> None:
    command.upgrade(migration_config(connection), "head")


def migration_config(connection: Connection) -> Config:
    """Alembic's configuration for one connection."""
    config = Config()
    config.set_main_option("script_location", "console.database:migrations")
    config.attributes["connection"] = connection
    return config
