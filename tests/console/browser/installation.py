"""A whole installation for a browser: real broker, real Redis, each worker and the console as processes."""

import asyncio
import os
import secrets
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from support.console import PASSWORD
from support.services import free_port, wait_for_port

from console.database import open_database
from console.database.migrate import migrate
from console.people.accounts import create_account
from console.people.password import NewPassword, hash_password
from console.people.roles import Role
from console.settings import ConsoleSettings
from contract.records import Keys
from tests.analyzer.golden import GOLDEN, symbols_of

WORKERS = ("ingest", "reassembler", "analyzer")


def build_id_of(case: str) -> str:
    """The build id of a golden case's firmware, hexadecimal."""
    return symbols_of(case).build_ids[0].hex()


class Installation:
    """Processes that work together, and what a device and a person do to them."""

    def __init__(self, folder: Path, broker_url: str, redis_url: str) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._folder = folder
        name = f"browser-{secrets.token_hex(4)}"
        self.keys = Keys(name)
        self.environment = {
            **os.environ,
            "FAULTCAST_BROKER_URL": broker_url,
            "FAULTCAST_REDIS_URL": redis_url,
            "FAULTCAST_STORE": str(folder / "store"),
            "FAULTCAST_KEY_PREFIX": name,
            "FAULTCAST_TOPIC_ROOT": name,
            "FAULTCAST_PARTITIONS": "2",
            "FAULTCAST_UPLOAD_IDLE_SECONDS": "2",
            "FAULTCAST_HTTP_PORT": "0",
            "FAULTCAST_CONSOLE_PORT": self.url.rpartition(":")[2],
            "FAULTCAST_LOG_LEVEL": "warning",
        }
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start everything; returns when the console answers and an account of each role is there."""
        asyncio.run(self._accounts())
        with (self._folder / "log").open("wb") as log:
            for stage in (*WORKERS, "console"):
                program = [sys.executable, "-m", "faultcast", stage]
                environment = self.environment | {"FAULTCAST_WORKER": stage}
                self._running.append(subprocess.Popen(program, env=environment, stdout=log, stderr=log))
        try:
            wait_for_port("127.0.0.1", int(self.url.rpartition(":")[2]), 60)
        except OSError:
            self.stop()
            raise

    def stop(self) -> None:
        """End every process as a supervisor does."""
        for process in self._running:
            process.terminate()
        for process in self._running:
            with suppress(subprocess.TimeoutExpired):
                process.wait(15)
            process.kill()

    async def _accounts(self) -> None:
        settings = ConsoleSettings(store=self._folder / "store", _env_file=None)
        database = open_database(settings.database)
        await migrate(database)
        password = NewPassword(await hash_password(PASSWORD))
        async with database.writing() as session:
            for role in Role:
                await create_account(session, role.label, role, 0, password=password)
        await database.close()

    def run(self, *arguments: object) -> str:
        """A command of `faultcast`; what it printed."""
        program = [sys.executable, "-m", "faultcast", *map(str, arguments)]
        done = subprocess.run(program, env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def crash(self, case: str, device: str, *more: object, build_id: str | None = None) -> str:
        """A device sends the dump of a golden case over MQTT; returns the id of the event to come."""
        build_id = build_id_of(case) if build_id is None else build_id
        sent = self.run(
            "send",
            GOLDEN / case / "dump.core",
            "--device",
            device,
            *(["--build-id", build_id] if build_id else []),
            *more,
        )
        return sent.split()[1]
