"""A console with one crash of a golden case in it."""

import asyncio
import shutil
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, async_playwright
from redis.asyncio import Redis
from starlette.requests import Request
from support.console import app_over

from analyzer.analyze import analyze
from analyzer.announce import crash_event
from analyzer.report.model import Report, encode_report
from analyzer.symbols.builder import build_index
from analyzer.symbols.format.container import FORMAT_VERSION
from console.database import Database, open_database
from console.database.migrate import migrate
from console.intake.apply import apply
from console.intake.record import read_record
from console.people.access import signed_in
from console.people.person import Person
from console.people.roles import Role
from console.settings import ConsoleSettings
from console.web.services import Services
from contract.chunk import Metadata
from contract.event import CrashEvent, encode_event
from contract.records import DumpItem
from runtime.store import FolderStore, content_name, dump_key, elf_key, index_key
from tests.analyzer.golden import GOLDEN, dump_of, symbols_of

EVENT = "6f1f9d4e-3c3a-5a3e-9b57-0d2f6a3b1c11"
START_MS = 1_772_352_000_000


def item_of(case: str, event_id: str = EVENT, **more: object) -> DumpItem:
    """The work item that a device's upload of a golden dump would have made."""
    dump = dump_of(case)
    build_id = symbols_of(case).build_ids[0]
    values: dict[str, object] = {
        "event_id": event_id,
        "device": "lab-7",
        "sha256": content_name(dump),
        "size": len(dump),
        "dump_id": bytes.fromhex("0badc0de"),
        "occurrence": "boot:3",
        "metadata": Metadata(
            build_id=build_id,
            firmware="weather-station",
            version="1.4.2",
            board="mps2/an385",
            os="Zephyr 4.1.0",
            boot=3,
        ),
        "first_received_ms": START_MS,
        "last_received_ms": START_MS + 2_500,
        "chunks": 40,
        "duplicates": 2,
        **more,
    }
    return DumpItem(**values)  # type: ignore[arg-type]


class Bench:
    """A console whose store and database a test fills."""

    def __init__(self, app: FastAPI, services: Services) -> None:
        self.app = app
        self.services = services
        self.role = Role.ENGINEER

    def firmware(self, case: str) -> None:
        """Keep the ELF file and the index of a golden case."""
        store = self.services.store
        elf = GOLDEN / case / "firmware.elf"
        name = symbols_of(case).build_ids[0].hex()
        store.put(elf_key(name), elf.read_bytes())
        store.put(index_key(name, FORMAT_VERSION), build_index(elf))

    async def crash(
        self,
        case: str,
        *,
        event_id: str = EVENT,
        symbols: bool = True,
        change: Callable[[Report], Report] = lambda report: report,
        **more: object,
    ) -> CrashEvent:
        """Keep dump, report and event of a golden case, as analyzer and intake would."""
        item = item_of(case, event_id, **more)
        dump = dump_of(case)
        report = change(analyze(dump, symbols_of(case) if symbols else None, tuple(item.missing)))
        event = crash_event(report, item, item.metadata.build_id.hex(), started_ms=START_MS + 3_000, seconds=0.04)
        self.services.store.put(dump_key(item.sha256), dump)
        self.services.store.put(event.data.report, encode_report(report))
        async with self.services.database.writing() as session:
            await apply(
                session,
                "events",
                f"{len(event_id)}-{zlib.crc32(event_id.encode())}",
                [read_record(encode_event(event))],
                START_MS,
            )
        return event

    def client(self) -> httpx.AsyncClient:
        """Whoever asks; an engineer unless the test says otherwise."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://console.test")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """SQLite is enough where one row is looked up; `test_crash` asks both kinds."""
    made = open_database(f"sqlite+aiosqlite:///{tmp_path / 'console.db'}")
    await migrate(made)
    yield made
    await made.close()


@pytest.fixture
async def bench(database: Database, redis: Redis, settings: object, tmp_path: Path) -> AsyncIterator[Bench]:
    """A console with nothing in it yet."""
    values = {**settings.model_dump(), "_env_file": None}  # type: ignore[attr-defined]
    services = Services(ConsoleSettings(**values), database, redis, FolderStore(tmp_path / "store"))
    app = app_over(services)
    made = Bench(app, services)

    def person(request: Request) -> Person:
        request.state.person = Person(1, "ada", made.role, csrf="c" * 8)
        return request.state.person

    app.dependency_overrides[signed_in] = person
    yield made
    if hasattr(app.state, "inspector"):
        await app.state.inspector.close()


Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def ask(bench: Bench) -> AsyncIterator[Ask]:
    """`ask("/registers", thread=0)` below the API's address of the crash."""
    async with bench.client() as client:

        async def get(path: str = "", /, event_id: str = EVENT, **query: object) -> httpx.Response:
            return await client.get(f"/api/v1/crashes/{event_id}{path}", params=query)  # type: ignore[arg-type]

        yield get
    await asyncio.sleep(0)


@pytest.fixture
async def address(bench: Bench) -> AsyncIterator[str]:
    """Where the console listens, for a browser."""
    server = uvicorn.Server(uvicorn.Config(bench.app, port=0, log_config=None, lifespan="off", ws="none"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Chromium, where it is installed."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("Chromium is not installed")
    flags = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=program, args=flags)
        yield started
        await started.close()
