"""One at a time where counters are changed by what was read before."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_COUNTERS: Final = 0x6661756C74
"""Number of the lock; any will do that nobody else takes in the same database."""


async def change_counters_alone(session: AsyncSession) -> None:
    """Keep others from the counters of groups, devices and profiles until this transaction ends.

    Intake, merges and pruning read counters, compute, and write. SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text(f"SELECT pg_advisory_xact_lock({_COUNTERS})"))
