"""Whole pages as a browser gets them: the handler's questions, the HTML, the sign-in's check; no network."""

import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from httpx import ASGITransport, AsyncClient
from redis.asyncio import Redis

from console.app import create_app
from console.database import Database
from console.people.accounts import create_account
from console.people.password import NewPassword, hash_password
from console.people.roles import Role
from console.settings import ConsoleSettings
from console.web.services import Services
from runtime.store import FolderStore

NAME, PASSWORD = "bench", "four words do well"


@asynccontextmanager
async def signed_in(database: Database) -> AsyncGenerator[AsyncClient]:
    """A browser in front of the application over a database, with a viewer signed in; a Redis is not there."""
    password = NewPassword(await hash_password(PASSWORD))
    async with database.writing() as session:
        await create_account(session, NAME, Role.VIEWER, int(time.time() * 1000), password=password)
    with tempfile.TemporaryDirectory() as folder:
        settings = ConsoleSettings(store=Path(folder), _env_file=None)
        services = Services(settings, database, Redis(), FolderStore(Path(folder)))
        transport = ASGITransport(create_app(services))
        async with AsyncClient(transport=transport, base_url="http://console.test", timeout=60) as browser:
            answer = await browser.post("/sign-in", data={"name": NAME, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            yield browser


async def load(browser: AsyncClient, path: str) -> None:
    """Fetch a page; raises where it is not one."""
    answer = await browser.get(path)
    answer.raise_for_status()
