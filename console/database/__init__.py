"""The console's database: tables, migrations, transactions."""

from console.database.engine import Database, DatabaseUnavailable, database_errors, open_database

__all__ = ["Database", "DatabaseUnavailable", "database_errors", "open_database"]
