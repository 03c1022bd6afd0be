"""Operations over HTTP, with a real Redis: what is shown to whom, and what is done to dead letters."""

import re
from html import unescape

import pytest
from httpx import AsyncClient
from redis.asyncio import Redis
from sqlalchemy import select
from support.console import SignIn

from console.database.tables import AuditEntry
from console.operations import dead_letters as letters_room
from console.operations import sampler
from console.people.roles import Role
from console.web.services import Services
from contract.errors import FaultcastError, NotADump
from contract.records import FIELD, DumpItem, Keys, decode_item, encode_record
from runtime.dead_letters import bury, dead_letter

pytestmark = pytest.mark.services

API = "/api/v1/operations"
EVIL = "<script>alert(1)</script>"


def item(number: int) -> DumpItem:
    return DumpItem(event_id=f"e{number}", device="d1", sha256="ab" * 32, size=1, dump_id=b"x")


@pytest.fixture
def keys(services: Services) -> Keys:
    return Keys(services.settings.key_prefix)


async def letters(redis: Redis, keys: Keys, count: int = 3) -> None:
    """So many that can be tried again, one that cannot, with names that somebody chose to do harm."""
    for number in range(count):
        await bury(
            redis, keys, number % 2, dead_letter("analyzer", NotADump("no dump"), record=encode_record(item(number)))
        )
    await bury(redis, keys, 1, dead_letter("reassembler", FaultcastError(EVIL), device=EVIL + "/x", record=b"\x00cut"))


async def test_who_may_what(client: AsyncClient, sign_in: SignIn, redis: Redis, keys: Keys) -> None:
    await letters(redis, keys)
    posts = ("letters/retry", "letters/discard", "letters/0/1-1/retry", "letters/0/1-1/discard")
    assert (await client.get("/operations")).headers["location"].startswith("/sign-in")
    assert (await client.get(API)).status_code == 401
    await sign_in(Role.VIEWER)
    page = (await client.get("/operations")).text
    assert "not-a-dump" in page
    assert "Retry" not in page
    assert "Discard" not in page
    assert "Download" not in page
    reason = {"stage": "analyzer", "code": "not-a-dump"}
    for path in posts:
        assert (await client.post(f"/operations/{path}", data=reason)).status_code == 403
    assert (await client.get("/operations/letters/0/1-1/discard")).status_code == 403
    assert (await client.post(f"{API}/dead-letters/retry", json=reason)).status_code == 403
    assert (await client.delete(f"{API}/dead-letters/0/1-1")).status_code == 403
    assert (await client.get(f"{API}/dead-letters/0/1-1/payload")).status_code == 403
    await sign_in(Role.ENGINEER)
    del client.headers["X-CSRF-Token"]
    for path in posts:
        assert (await client.post(f"/operations/{path}", data=reason)).status_code == 403
    assert (await client.get(f"{API}/dead-letters")).json()["total"] == 4


async def test_the_page_with_nothing_to_show(client: AsyncClient, sign_in: SignIn) -> None:
    await sign_in()
    page = (await client.get("/operations")).text
    assert "No worker has been here yet" in page
    assert "No piece of work was given up" in page
    assert "style=" not in page
    assert "onclick" not in page


async def test_names_stay_text(client: AsyncClient, sign_in: SignIn, redis: Redis, keys: Keys) -> None:
    await letters(redis, keys)
    await redis.xadd(keys.dumps(0), {FIELD: b"x"})
    await redis.xgroup_create(keys.dumps(0), "analyzer", id="0")
    await redis.xreadgroup("analyzer", EVIL, {keys.dumps(0): ">"})
    await sign_in(Role.ENGINEER)
    for path in ("/operations", "/operations/state"):
        page = (await client.get(path)).text
        assert EVIL not in page
        assert page.count("&lt;script&gt;alert") >= 3
    assert (await client.get("/operations?retried=%3Cb%3E")).status_code == 422


async def test_one_is_put_back(
    client: AsyncClient, sign_in: SignIn, redis: Redis, keys: Keys, services: Services
) -> None:
    await letters(redis, keys, 1)
    await sign_in(Role.ENGINEER)
    page = (await client.get("/operations")).text
    path = re.findall(r'action="(/operations/letters/0/[^"]+/retry)"', page)[0]
    done = await client.post(path)
    assert done.headers["location"] == "/operations?retried=1#letters-title"
    assert "1 letter put back" in (await client.get("/operations?retried=1")).text
    ((_, fields),) = await redis.xrange(keys.dumps(0))
    assert decode_item(fields[FIELD]) == item(0)
    assert (await client.post(path)).status_code == 404
    (left,) = (await client.get(f"{API}/dead-letters")).json()["items"]
    assert (left["stage"], left["retryable"], left["size"]) == ("reassembler", False, 4)
    here = f"{API}/dead-letters/{left['partition']}/{left['id']}"
    assert (await client.get(here)).json() == left
    assert (await client.post(f"{here}/retry")).status_code == 409
    payload = await client.get(f"{here}/payload")
    assert payload.content == b"\x00cut"
    assert payload.headers["content-disposition"].startswith("attachment")
    assert payload.headers["content-type"] == "application/octet-stream"
    confirm = await client.get(f"/operations/letters/{left['partition']}/{left['id']}/discard")
    assert EVIL not in confirm.text
    assert (await client.delete(here)).status_code == 204
    assert (await client.delete(here)).status_code == 404
    async with services.database.reading() as session:
        actions = [each async for each in await session.stream_scalars(select(AuditEntry.action))]
    assert [each for each in actions if each.startswith("dead")] == [
        "dead-letter.retry",
        "dead-letter.download",
        "dead-letter.discard",
    ]


async def test_all_of_a_reason(
    client: AsyncClient, sign_in: SignIn, redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters_room, "_PAGE", 2)
    await letters(redis, keys, 9)
    await sign_in(Role.ENGINEER)
    reason = {"stage": "analyzer", "code": "not-a-dump"}
    monkeypatch.setattr(letters_room, "MOST_AT_ONCE", 4)
    some = await client.post("/operations/letters/retry", data=reason)
    assert some.headers["location"] == "/operations?retried=4&more=true#letters-title"
    monkeypatch.setattr(letters_room, "MOST_AT_ONCE", 1000)
    rest = await client.post(f"{API}/dead-letters/retry", json=reason)
    assert rest.json() == {"done": 5, "kept": 0, "all": True}
    assert await redis.xlen(keys.dumps(0)) + await redis.xlen(keys.dumps(1)) == 9
    other = {"stage": "reassembler", "code": "internal"}
    assert (await client.post(f"{API}/dead-letters/retry", json=other)).json() == {"done": 0, "kept": 1, "all": True}
    confirm = unescape((await client.get("/operations/letters/discard?stage=reassembler&code=internal")).text)
    assert 'name="code" value="internal"' in confirm
    gone = await client.post("/operations/letters/discard", data=other)
    assert gone.headers["location"] == "/operations?discarded=1#letters-title"
    assert (await client.get(f"{API}/dead-letters")).json() == {"items": [], "total": 0}


@pytest.mark.parametrize("path", ["9/1-1", "0/x", f"0/{2**64}-0", "0/1-1", "0/-", "0/1-1%00"])
async def test_what_is_no_letter_is_not_found(client: AsyncClient, sign_in: SignIn, path: str) -> None:
    await sign_in(Role.ENGINEER)
    assert (await client.get(f"{API}/dead-letters/{path}")).status_code == 404
    assert (await client.post(f"/operations/letters/{path}/retry")).status_code == 404


async def test_the_state_of_streams_and_workers(
    client: AsyncClient, sign_in: SignIn, redis: Redis, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampler, "FRESH_SECONDS", 0.0)
    for _ in range(3):
        await redis.xadd(keys.dumps(1), {FIELD: b"x"})
    await redis.xgroup_create(keys.dumps(1), "analyzer", id="0")
    await sign_in()
    assert "No analyzer is running" in (await client.get("/operations")).text
    await redis.xreadgroup("analyzer", "analyzer-1", {keys.dumps(1): ">"}, count=2)
    page = (await client.get("/operations/state")).text
    assert "analyzer-1" in page
    assert "No analyzer is running" not in page
    state = (await client.get(API)).json()
    analyzer = state["redis"]["stages"][1]
    assert (analyzer["entries"], analyzer["pending"]) == (3, 2)
    assert analyzer["arriving"] == 0
    assert state["redis"]["workers"][0]["name"] == "analyzer-1"
    assert state["database"] > 10_000
    assert state["store_disk"]["free"] > 0


async def test_only_other_letters_are_sent_again(
    client: AsyncClient, sign_in: SignIn, redis: Redis, keys: Keys
) -> None:
    await letters(redis, keys)
    await sign_in()
    page = (await client.get("/operations")).text
    digest = re.findall(r'id="letters-seen" value="(\w+)"', page)[0]
    same = (await client.get(f"/operations/state?letters={digest}")).text
    assert 'id="letters"' not in same
    assert 'id="stages" hx-swap-oob' in same
    await letters(redis, keys)
    assert 'id="letters" hx-swap-oob' in (await client.get(f"/operations/state?letters={digest}")).text


async def test_without_redis_the_page_says_so(client: AsyncClient, sign_in: SignIn, services: Services) -> None:
    await sign_in()
    gone = Redis.from_url("redis://127.0.0.1:9/0", protocol=2)
    object.__setattr__(services, "redis", gone)
    page = await client.get("/operations")
    assert page.status_code == 200
    assert "Nothing is known of the streams" in page.text
    assert (await client.get("/operations/state")).status_code == 200
    state = (await client.get(API)).json()
    assert state["redis"] is None
    assert "cannot be reached" in state["problem"]
    assert (await client.get(f"{API}/dead-letters")).status_code == 503
    await gone.aclose()
