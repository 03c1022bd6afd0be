from alembic import command

from console.database import Database
from console.database.migrate import migrate, migration_config


async def test_migrations_lead_to_the_tables_of_the_code(database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.run_sync(lambda sync: command.check(migration_config(sync)))


async def test_a_database_that_is_up_to_date_is_left_alone(database: Database) -> None:
    await migrate(database)
