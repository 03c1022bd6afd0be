"""A console that listens, for what talks to it from outside."""

import asyncio
import datetime as dt
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis

from console.database import open_database
from console.database.migrate import migrate
from console.firmware.indexing import Indexer
from console.people.accounts import create_account
from console.people.roles import Role, Scope
from console.people.tokens import create_token
from console.settings import ConsoleSettings
from console.web.services import Services
from runtime.settings import Settings
from runtime.store import FolderStore
from support.console import app_over


class LiveConsole:
    """Where it listens, and who may ask."""

    def __init__(self, url: str, services: Services) -> None:
        self.url = url
        self.services = services

    async def token(self, *scopes: Scope, role: Role = Role.ENGINEER) -> str:
        """A token of an account of its own."""
        async with self.services.database.writing() as session:
            name = f"{role.label}-{'-'.join(scopes)}"
            account = await create_account(session, name, role, 0)
            _, secret = await create_token(session, account.id, "ci", scopes, days=None, now_ms=0)
        return secret


@asynccontextmanager
async def live_console(settings: Settings, redis: Redis, folder: Path, **tls: str) -> AsyncIterator[LiveConsole]:
    """The whole application with its indexer, over SQLite, on a free port; `tls` are uvicorn's files."""
    database = open_database(f"sqlite+aiosqlite:///{folder / 'console.db'}")
    await migrate(database)
    console_settings = ConsoleSettings(**settings.model_dump(), _env_file=None)
    services = Services(console_settings, database, redis, FolderStore(settings.store))
    app = app_over(services)
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none", **tls)  # type: ignore[arg-type]
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    indexing = asyncio.create_task(Indexer(console_settings, database, services.store, redis).run(services.stopping))
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield LiveConsole(f"{'https' if tls else 'http'}://localhost:{port}", services)
    finally:
        services.stopping.set()
        server.should_exit = True
        await asyncio.gather(serving, indexing)
        if hasattr(app.state, "inspector"):
            await app.state.inspector.close()
        await database.close()


def self_signed(folder: Path) -> SimpleNamespace:
    """A certificate for this machine that nobody but its owner trusts: `key` and `certificate`, PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = SimpleNamespace(key=folder / "key.pem", certificate=folder / "certificate.pem")
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return files
