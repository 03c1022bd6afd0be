"""What is looked for now and then, with a real Redis."""

import pytest
from redis.asyncio import Redis
from sqlalchemy import update
from support.alerts import ADDRESS, Room

from console.alerts.behind import AGAIN_MS
from console.alerts.watch import Watch
from console.database.tables import Delivery
from console.settings import ConsoleSettings
from contract.records import FIELD, Keys
from runtime.settings import Settings

pytestmark = pytest.mark.services


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return Keys(settings.key_prefix)


@pytest.fixture
def watch(room: Room, redis: Redis, settings: Settings) -> Watch:
    console = ConsoleSettings(**settings.model_dump(), console_url=ADDRESS, _env_file=None)
    return Watch(console, room.database, redis, lambda: room.now)


async def test_a_build_that_dumps_wait_for_is_told_once(room: Room, redis: Redis, keys: Keys, watch: Watch) -> None:
    await room.rule("missing-symbols", threshold=3)
    await room.take(*({"number": n, "revision": 3, "build_id": "ab12"} for n in range(3)))
    await redis.hset(keys.waiting("ab12"), mapping={"e0": b"x", "e1": b"x"})
    await watch.look()
    assert await room.told() == []
    await redis.hset(keys.waiting("ab12"), "e2", b"x")
    await watch.look()
    room.now += 86_400_000
    await watch.look()
    (told,) = await room.told()
    assert told.type == "alert.missing-symbols"
    assert told.data.title == "No symbols for weather-station 1.4.2: 3 dumps waiting"
    assert (told.data.build_id, told.data.count, told.data.url) == ("ab12", 3, f"{ADDRESS}/firmware")


async def test_a_stage_behind_is_told_when_it_begins_and_while_it_lasts(
    room: Room, redis: Redis, keys: Keys, watch: Watch
) -> None:
    await room.rule("lag", threshold=5)
    for _ in range(4):
        await redis.xadd(keys.dumps(1), {FIELD: b"x"})
    await watch.look()
    assert await room.told() == []
    for _ in range(4):
        await redis.xadd(keys.dumps(0), {FIELD: b"x"})
    for _ in range(3):
        await watch.look()
        room.now += 30_000
    (told,) = await room.told()
    assert told.type == "alert.lag"
    assert told.data.title == "The analyzer is behind: 8 entries waiting"
    assert told.data.stage == "analyzer"
    room.now += AGAIN_MS
    await watch.look()
    assert len(await room.told()) == 2
    await redis.delete(keys.dumps(0))
    await watch.look()
    room.now += 3_600_000
    for _ in range(4):
        await redis.xadd(keys.dumps(0), {FIELD: b"x"})
    await watch.look()
    assert len(await room.told()) == 3


async def test_a_start_tells_nothing_again(
    room: Room, redis: Redis, keys: Keys, watch: Watch, settings: Settings
) -> None:
    await room.rule("lag", threshold=1)
    await redis.xadd(keys.chunks(0), {FIELD: b"x"})
    await watch.look()
    room.now += 3_600_000
    console = ConsoleSettings(**settings.model_dump(), _env_file=None)
    await Watch(console, room.database, redis, lambda: room.now).look()
    assert len(await room.told()) == 1
    async with room.database.writing() as session:
        await session.execute(update(Delivery).values(created_ms=0))


async def test_without_rules_nothing_is_asked(room: Room, watch: Watch, redis: Redis) -> None:
    await redis.aclose()
    await watch.look()
    assert await room.told() == []
