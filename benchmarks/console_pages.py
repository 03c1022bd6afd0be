"""Whole pages as a browser gets them: the handler's questions, the HTML, the sign-in's check; no network."""

import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from httpx import ASGITransport, AsyncClient

from console.app import create_app
from console.database import Database
from console.people.accounts import create_account
from console.people.password import NewPassword, hash_password
from console.people.roles import Role
from console.settings import ConsoleSettings
from console.web.services import Services
from runtime.store import FolderStore
from runtime.streams import connect_streams

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.services import local_redis

NAME, PASSWORD = "bench", "four words do well"


@asynccontextmanager
async def signed_in(database: Database) -> AsyncGenerator[AsyncClient]:
    """A browser in front of the application over a database and an empty Redis, with a viewer signed in."""
    password = NewPassword(await hash_password(PASSWORD))
    async with database.writing() as session:
        await create_account(session, NAME, Role.VIEWER, int(time.time() * 1000), password=password)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        redis = local_redis(folder)
        settings = ConsoleSettings(store=folder, redis_url=f"redis://127.0.0.1:{redis.port}/0", _env_file=None)
        services = Services(settings, database, connect_streams(settings), FolderStore(folder))
        transport = ASGITransport(create_app(services))
        try:
            async with AsyncClient(transport=transport, base_url="http://console.test", timeout=60) as browser:
                answer = await browser.post("/sign-in", data={"name": NAME, "password": PASSWORD})
                assert answer.status_code == 303, answer.text
                yield browser
        finally:
            await services.redis.aclose()
            redis.kill()


async def load(browser: AsyncClient, path: str) -> None:
    """Fetch a page; raises where it is not one."""
    answer = await browser.get(path)
    answer.raise_for_status()
