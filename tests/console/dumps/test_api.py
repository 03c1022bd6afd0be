"""Whole dumps over HTTP, as a gateway sends them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis
from support.console import SignIn
from support.crashes import START_MS, crash_payload
from support.live_console import live_console

from console.intake.apply import apply
from console.intake.record import read_record
from console.people.roles import Role, Scope
from console.web.services import Services
from contract.identity import event_id, partition_of
from contract.records import FIELD, DumpItem, Keys, decode_item
from runtime.settings import Settings
from runtime.store import dump_key

pytestmark = pytest.mark.services

API = "/api/v1/dumps"
CONTENT = b"ZE\x01\x00" + bytes(500)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


async def sent(services: Services, device: str) -> list[DumpItem]:
    stream = Keys(services.settings.key_prefix).dumps(partition_of(device, services.settings.partitions))
    return [decode_item(fields[FIELD]) for _, fields in await services.redis.xrange(stream)]


async def upload_token(client: AsyncClient, sign_in: SignIn) -> None:
    """From now on the client asks with a token that may upload."""
    await sign_in(Role.ENGINEER)
    made = await client.post("/api/v1/tokens", json={"name": "gateway", "scopes": ["upload"]})
    client.cookies.clear()
    client.headers.pop("X-CSRF-Token")
    client.headers["Authorization"] = f"Bearer {made.json()['token']}"


async def test_a_dump_is_taken_with_what_is_said_of_it_and_again_as_the_same(
    services: Services, client: AsyncClient, sign_in: SignIn
) -> None:
    await upload_token(client, sign_in)
    said: dict[str, str | int] = {
        "device": "gw:7",
        "build_id": "AB12",
        "firmware": "weather",
        "version": "1.4",
        "board": "mps2/an385",
        "os": "Zephyr 4.1.0",
        "boot": 7,
        "uptime_ms": 1234,
        "sha256": SHA256.upper(),
        "attr.region": "eu",
        "attr.note": "<script>",
    }
    first = await client.post(API, content=CONTENT, params=said)
    assert first.status_code == 202, first.text
    expected = event_id("gw:7", hashlib.sha256(CONTENT).digest()[:16], len(CONTENT), "boot:7")
    assert first.json() == {"event_id": expected, "sha256": SHA256, "size": len(CONTENT)}
    again = await client.post(API, content=CONTENT, params=said)
    assert (again.status_code, again.json()) == (202, first.json())
    assert services.store.get(dump_key(SHA256)) == CONTENT
    items = await sent(services, "gw:7")
    assert {item.event_id for item in items} == {expected}
    metadata = items[0].metadata
    assert (metadata.build_id.hex(), metadata.version, metadata.uptime_ms) == ("ab12", "1.4", 1234)
    assert metadata.attributes == {"region": "eu", "note": "<script>"}


@pytest.mark.parametrize(
    ("content", "params", "status", "code"),
    [
        (b"", {}, 422, "input"),
        (bytes(5000), {}, 413, "limit"),
        (CONTENT, {"sha256": "00" * 32}, 422, "checksum-mismatch"),
        (CONTENT, {"sha256": "xyz"}, 422, "input"),
        (CONTENT, {"device": "../d1"}, 422, "input"),
        (CONTENT, {"device": "d1\n"}, 422, "input"),
        (CONTENT, {"device": ""}, 422, "input"),
        (CONTENT, {"build_id": "abc"}, 422, "input"),
        (CONTENT, {"version": "x" * 10_000}, 422, "input"),
        (CONTENT, {"attr.": "x"}, 422, "input"),
        (CONTENT, {"attr." + "k" * 65: "x"}, 422, "input"),
        (CONTENT, {"boot": "-1"}, 422, "input"),
    ],
)
async def test_what_cannot_be_taken_is_refused_and_leaves_nothing(
    *,
    services: Services,
    client: AsyncClient,
    sign_in: SignIn,
    content: bytes,
    params: dict[str, str],
    status: int,
    code: str,
) -> None:
    object.__setattr__(services.settings, "max_dump_size", 4096)
    await upload_token(client, sign_in)
    answer = await client.post(API, content=content, params={"device": "d1", **params})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert await sent(services, "d1") == []
    assert not services.settings.store.exists()


async def test_a_body_without_a_length_is_counted(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    object.__setattr__(services.settings, "max_dump_size", 4096)
    await upload_token(client, sign_in)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield bytes(1000)

    answer = await client.post(API, content=endless(), params={"device": "d1"})
    assert (answer.status_code, answer.json()["code"]) == (413, "limit")


async def test_who_may_not_is_told(client: AsyncClient, sign_in: SignIn) -> None:
    assert (await client.post(API, content=CONTENT, params={"device": "d1"})).status_code == 401
    await sign_in(Role.VIEWER)
    assert (await client.post(API, content=CONTENT, params={"device": "d1"})).status_code == 403
    client.headers.pop("X-CSRF-Token")
    answer = await client.post(API, content=CONTENT, params={"device": "d1"})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert (await client.get(f"{API}/00000000-0000-0000-0000-000000000002")).status_code == 404


async def test_who_sent_it_asks_what_became_of_it(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    await upload_token(client, sign_in)
    here = "00000000-0000-0000-0000-000000000002"
    assert (await client.get(f"{API}/{here}")).json()["code"] == "not-found"
    async with services.database.writing() as session:
        await apply(session, "events", "1-0", [read_record(crash_payload(1))], START_MS)
    assert (await client.get(f"{API}/{here}")).json() == {
        "event_id": here,
        "symbolized": True,
        "title": "Null pointer dereference in read_sensor (sensor.c:41)",
    }
    assert (await client.get(f"{API}/nonsense")).status_code == 404
    assert (await client.get(f"/api/v1/crashes/{here}")).status_code == 403


async def test_without_redis_it_is_not_taken(services: Services, client: AsyncClient, sign_in: SignIn) -> None:
    await upload_token(client, sign_in)
    object.__setattr__(services, "redis", Redis.from_url("redis://127.0.0.1:1/0", protocol=2))
    answer = await client.post(API, content=CONTENT, params={"device": "d1"})
    assert (answer.status_code, answer.json()["code"]) == (503, "streams-unavailable")
    await services.redis.aclose()


async def test_what_is_cut_off_leaves_nothing(settings: Settings, redis: Redis, tmp_path: Path) -> None:
    async with live_console(settings, redis, tmp_path) as console:
        token = await console.token(Scope.UPLOAD)
        port = urlsplit(console.url).port
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            f"POST {API}?device=d1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 504\r\n\r\n"
        )
        writer.write(head.encode() + CONTENT[:200])
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.5)
        assert await sent(console.services, "d1") == []
        assert not console.services.settings.store.exists()
