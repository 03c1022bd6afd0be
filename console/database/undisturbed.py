"""Work with the database that whoever waits for it cannot break off."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def undisturbed(work: Coroutine[Any, Any, T]) -> T:
    """Wait for work that goes on to its end even where the one who waits is cancelled.

    For streams, whose readers go away at any moment: a statement that is cancelled costs its connection, and with
    SQLite a task that waits for ever for the connection to close (SQLAlchemy 2.1, aiosqlite 0.22).
    """
    return await asyncio.shield(asyncio.create_task(work))
