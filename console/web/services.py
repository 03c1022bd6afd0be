"""What a request stands on, and how a handler gets it."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession

from console.database import Database
from console.settings import ConsoleSettings
from runtime.store import Store


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that lives as long as the process."""

    settings: ConsoleSettings
    database: Database
    redis: Redis
    store: Store
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process drains: streams of events end, nothing new begins."""


def services_of(request: Request) -> Services:
    """The services of the application that a request came to."""
    return request.app.state.services


async def _reading(services: Annotated[Services, Depends(services_of)]) -> AsyncGenerator[AsyncSession]:
    async with services.database.reading() as session:
        yield session


FromServices = Annotated[Services, Depends(services_of)]
"""`services: FromServices` in a handler; to write: `async with services.database.writing() as session`."""

Reading = Annotated[AsyncSession, Depends(_reading, scope="function")]
"""`session: Reading` in a handler: a session that only reads, given back before the answer is sent."""
