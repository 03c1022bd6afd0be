"""The connection to Redis or Valkey, and its failures as ours."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from contract.errors import StreamsUnavailable
from runtime.settings import Settings

OLDEST_VERSION = (7, 0)


def connect_streams(settings: Settings) -> Redis:
    """A client (not yet connected) whose replies are bytes and which never retries on its own: the loops do."""
    return Redis.from_url(  # pyright: ignore[reportUnknownMemberType] (redis types its options as unknown)
        settings.redis_url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=30,
        socket_connect_timeout=5,
        decode_responses=False,
    )


@contextmanager
def stream_errors() -> Generator[None]:
    """Turn what redis-py raises into `StreamsUnavailable` with what to do next."""
    try:
        yield
    except exceptions.OutOfMemoryError as error:
        raise StreamsUnavailable(
            "Redis is out of memory: nothing is lost, the broker keeps what is not yet written; "
            "raise maxmemory or start more workers (noeviction must stay its policy)"
        ) from error
    except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as error:
        raise StreamsUnavailable(
            f"Redis cannot be reached ({error}): is it running, is FAULTCAST_REDIS_URL right?"
        ) from error
    except exceptions.RedisError as error:
        if "maxmemory" in str(error) or "OOM" in str(error):
            raise StreamsUnavailable(
                f"Redis is out of memory ({_reply(error)}): raise maxmemory or start more workers"
            ) from error
        raise StreamsUnavailable(f"Redis refused a command: {_reply(error)}") from error


def _reply(error: Exception) -> str:
    """What the server said. Of a pipeline redis-py puts the command before it, with what may be bytes of a dump."""
    return str(error).rpartition(" of pipeline caused error: ")[2]


async def verify_streams(redis: Redis, settings: Settings) -> None:
    """Check at start-up that the server answers, is new enough and evicts nothing.

    Raises:
        StreamsUnavailable: with what to do.
    """
    with stream_errors():
        info = await redis.info("server")  # pyright: ignore[reportUnknownMemberType]
        memory = await redis.info("memory")  # pyright: ignore[reportUnknownMemberType]
    version = str(info.get("redis_version", "0.0"))
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_VERSION:
        raise StreamsUnavailable(
            f"Redis {version} at {_address(settings.redis_url)} is too old: 7.0 or newer, or Valkey, is needed"
        )
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    if int(memory.get("maxmemory", 0)) and policy != "noeviction":
        raise StreamsUnavailable(
            f"Redis evicts keys when it is full (maxmemory-policy {policy}), and would lose dumps: use noeviction"
        )


def _address(url: str) -> str:
    """Where the server is, without secrets."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}" if parts.hostname else parts.path
