"""The console's process: verify, migrate, make the first admin; then take crash events in and serve, until SIGTERM."""

import asyncio
import socket
import sys
from pathlib import Path

from sqlalchemy import make_url

from console.alerts.chores import run_alerts
from console.alerts.listener import crash_alerts
from console.app import create_app
from console.database import Database, open_database
from console.database.migrate import migrate
from console.firmware.indexing import Indexer
from console.intake.stream import Intake
from console.people.accounts import create_first_account
from console.people.clock import now_ms
from console.retention.chore import keep_to_policy
from console.server import create_server
from console.settings import ConsoleSettings
from console.web.services import Services
from contract.errors import StoreUnavailable
from contract.records import Keys
from runtime.health import CannotListen
from runtime.logs import get_logger
from runtime.store import FolderStore
from runtime.streams import connect_streams, verify_streams
from runtime.worker import run_worker

log = get_logger(__name__)


def main(settings: ConsoleSettings) -> None:
    """Run the console until a signal stops it; raises `ServiceError` where something that it needs is missing."""
    _make_folder(settings)
    redis, database, store = connect_streams(settings), open_database(settings.database), FolderStore(settings.store)

    async def verify_redis() -> None:
        await verify_streams(redis, settings)

    async def verify_store() -> None:
        await asyncio.to_thread(store.verify)

    async def work(stop: asyncio.Event) -> None:
        try:
            with _listener(settings) as listener:
                await migrate(database)
                await _first_admin(database, settings)
                await _serve(Services(settings, database, redis, store, stop), listener)
        finally:
            await database.close()
            await redis.aclose()

    run_worker(settings, "console", work, {"database": database.verify, "redis": verify_redis, "store": verify_store})


async def _serve(services: Services, listener: socket.socket) -> None:
    """Pages, API and all that goes on behind them, side by side; whichever ends takes the others along."""
    settings, database, redis, store = services.settings, services.database, services.redis, services.store
    intake = Intake(redis, Keys(settings.key_prefix).events, database, crash_alerts(settings.address))
    indexer = Indexer(settings, database, store, redis)
    app = create_app(services)
    app.state.progress = lambda: intake.progress
    server = create_server(app, settings)

    async def serve() -> None:
        try:
            # The worker has its own signal handlers; uvicorn's serve() would replace them.
            await server._serve([listener])  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        finally:
            services.stopping.set()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve())
        tasks.create_task(intake.run(services.stopping))
        tasks.create_task(indexer.run(services.stopping))
        tasks.create_task(run_alerts(settings, database, redis, services.stopping))
        retention = tasks.create_task(keep_to_policy(settings, database, store))
        await services.stopping.wait()
        server.should_exit = True
        retention.cancel()


async def _first_admin(database: Database, settings: ConsoleSettings) -> None:
    made = await create_first_account(database, now_ms())
    if made is not None:
        url = settings.address
        log.warning("first start: the account's password for one sign-in is printed once", url=url, name=made[0])
        # Not through the log: that is collected, searched and kept.
        sys.stderr.write(f"\n  {url}\n  name      {made[0]}\n  password  {made[1]}   (for one sign-in)\n\n")
        sys.stderr.flush()


def _make_folder(settings: ConsoleSettings) -> None:
    url = make_url(settings.database)
    if url.get_backend_name() != "sqlite":
        return
    folder = Path(url.database or ".").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(
            f"the folder {folder} of the database cannot be made ({error.strerror}): set FAULTCAST_DATABASE_URL"
        ) from error


def _listener(settings: ConsoleSettings) -> socket.socket:
    """The socket of pages and API; raises `CannotListen`."""
    host, port = settings.console_host, settings.console_port
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise CannotListen(
            f"cannot serve the console on {host}:{port} ({error.strerror or error}): set FAULTCAST_CONSOLE_PORT"
        ) from error
