"""The connection to Redis: every failure is one of ours, with what to do, and tells no secrets."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from support.services import Service, free_port, local_redis

from contract.errors import ServiceError, StreamsUnavailable
from runtime.settings import Settings
from runtime.streams import connect_streams, stream_errors, verify_streams

pytestmark = pytest.mark.services

CONTENTS = "s3cret-bytes-of-a-dump"


def at(port: int, rest: str = "", user: str = "") -> Settings:
    return Settings(redis_url=f"redis://{user}127.0.0.1:{port}/0{rest}", _env_file=None)


MakeRedis = Callable[..., Service]


@pytest.fixture
def make_redis(tmp_path: Path) -> Iterator[MakeRedis]:
    """Starts a Redis with options of its own."""
    made: list[Service] = []

    def make(*options: str) -> Service:
        made.append(local_redis(tmp_path, *options))
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture
def full(make_redis: MakeRedis) -> Service:
    return make_redis("--maxmemory", "3mb", "--maxmemory-policy", "noeviction")


async def fill(redis: Redis) -> None:
    """Fill it, and then take away what it has: where the limit is just reached, buffers come and go across it."""
    with pytest.raises(StreamsUnavailable, match="out of memory"), stream_errors():
        await write(redis, 1000)
    await redis.config_set("maxmemory", "2mb")


async def write(redis: Redis, count: int) -> None:
    for _ in range(count):
        await redis.xadd("filling", {b"r": bytes(20_000)})


async def send(redis: Redis, transaction: bool | None, command: Callable[[Any], Any]) -> None:  # noqa: FBT001
    """A command by itself (None), or in a pipeline with or without a transaction."""
    if transaction is None:
        await command(redis)
        return
    async with redis.pipeline(transaction=transaction) as pipe:
        command(pipe)
        await pipe.execute()


WAYS = pytest.mark.parametrize("way", [None, True, False], ids=["alone", "transaction", "pipeline"])


@WAYS
async def test_a_full_redis_is_named_with_what_to_do(full: Service, way: bool | None) -> None:  # noqa: FBT001
    redis = connect_streams(at(full.port))
    await fill(redis)
    with pytest.raises(StreamsUnavailable) as caught, stream_errors():
        await send(redis, way, lambda client: client.xadd("s", {b"r": CONTENTS}))
    assert caught.value.code == "streams-unavailable"
    for part in ("out of memory", "nothing is lost", "raise maxmemory", "noeviction"):
        assert part in str(caught.value)
    assert CONTENTS not in str(caught.value)
    await redis.aclose()


async def test_a_script_on_a_full_redis_says_the_same(full: Service) -> None:
    redis = connect_streams(at(full.port))
    await fill(redis)
    with pytest.raises(StreamsUnavailable, match="out of memory"), stream_errors():
        await redis.eval("return redis.call('SET', KEYS[1], ARGV[1])", 1, "k", "v")
    await redis.aclose()


async def test_a_full_redis_that_is_emptied_works_again(full: Service) -> None:
    redis = connect_streams(at(full.port))
    await fill(redis)
    await redis.delete("filling")
    with stream_errors():
        await redis.xadd("s", {b"r": b"1"})
    await redis.aclose()


@WAYS
@pytest.mark.parametrize(
    "command",
    [lambda client: client.xadd("text", {b"r": CONTENTS}), lambda client: client.evalsha("a" * 40, 1, "k", CONTENTS)],
    ids=["wrong type", "no such script"],
)
async def test_a_refused_command_tells_the_reason_and_not_its_contents(
    redis: Redis,
    way: bool | None,  # noqa: FBT001
    command: Callable[[Any], Any],
) -> None:
    await redis.set("text", "x")
    with pytest.raises(StreamsUnavailable, match=r"refused a command: .*(WRONGTYPE|script)") as caught, stream_errors():
        await send(redis, way, command)
    assert "s3cret" not in str(caught.value)


async def test_a_redis_that_is_not_there_is_named_with_what_to_do() -> None:
    port = free_port()
    redis = connect_streams(at(port, user="user:s3cret@"))
    with pytest.raises(StreamsUnavailable, match=rf"cannot be reached .*{port}.*FAULTCAST_REDIS_URL") as caught:
        await verify_streams(redis, at(port))
    assert "s3cret" not in str(caught.value)
    await redis.aclose()


async def test_a_redis_that_dies_in_the_middle_is_named(make_redis: MakeRedis) -> None:
    server = make_redis()
    redis = connect_streams(at(server.port))
    await verify_streams(redis, at(server.port))
    waiting = asyncio.create_task(redis.xread({"s": "$"}, block=20_000))
    await asyncio.sleep(0.2)
    server.kill()
    with pytest.raises(StreamsUnavailable, match="cannot be reached"), stream_errors():
        await waiting
    await redis.aclose()


async def test_a_wrong_password_is_named(make_redis: MakeRedis) -> None:
    server = make_redis("--requirepass", "right")
    for user in ("", ":s3cret@"):
        redis = connect_streams(at(server.port, user=user))
        with pytest.raises(StreamsUnavailable, match=r"(?i)(authentication|password)") as caught:
            await verify_streams(redis, at(server.port))
        assert "s3cret" not in str(caught.value)
        await redis.aclose()
    redis = connect_streams(at(server.port, user=":right@"))
    await verify_streams(redis, at(server.port))
    await redis.aclose()


async def test_something_that_is_no_redis_is_named() -> None:
    async def speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(speak_http, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    redis = connect_streams(at(port))
    with pytest.raises(StreamsUnavailable):
        await verify_streams(redis, at(port))
    await redis.aclose()
    server.close()


async def test_a_redis_that_evicts_is_refused(make_redis: MakeRedis) -> None:
    server = make_redis("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
    redis = connect_streams(at(server.port))
    with pytest.raises(StreamsUnavailable, match=r"allkeys-lru.*would lose dumps.*noeviction"):
        await verify_streams(redis, at(server.port))
    await redis.config_set("maxmemory", "0")
    await verify_streams(redis, at(server.port))
    await redis.aclose()


class Told:
    """A server that says it is of some version."""

    def __init__(self, version: str) -> None:
        self.version = version

    async def info(self, section: str) -> dict[str, object]:
        return {"redis_version": self.version} if section == "server" else {"maxmemory": 0}


@pytest.mark.parametrize("version", ["7.0.0", "7.4-rc1", "9.1.2", "255.255.255"])
async def test_a_redis_that_is_new_enough_is_taken(version: str) -> None:
    await verify_streams(Told(version), at(6379))  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["6.2.14", "6.9", "3.0.504", ""])
async def test_an_old_redis_is_refused(version: str) -> None:
    with pytest.raises(StreamsUnavailable, match=rf"Redis {version} at 127\.0\.0\.1:6379 is too old") as caught:
        await verify_streams(Told(version), at(6379, user="user:s3cret@"))  # type: ignore[arg-type]
    assert "s3cret" not in str(caught.value)


def test_an_error_of_ours_passes_unchanged() -> None:
    ours = ServiceError("ours")
    with pytest.raises(ServiceError) as caught, stream_errors():
        raise ours
    assert caught.value is ours


def test_an_error_that_has_nothing_to_do_with_redis_passes_unchanged() -> None:
    with pytest.raises(ZeroDivisionError), stream_errors():
        _ = 1 // 0
