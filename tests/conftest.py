"""Fixtures that every room may use."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from support.services import Service, mosquitto_service, redis_service

from runtime.settings import Settings


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A Redis for the whole run; every test gets keys of its own."""
    service = redis_service(tmp_path_factory.mktemp("redis"))
    yield service
    service.kill()


@pytest.fixture(scope="session")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A Mosquitto for the whole run; every test gets topics of its own."""
    service = mosquitto_service(tmp_path_factory.mktemp("mosquitto"))
    yield service
    service.kill()


@pytest.fixture
def settings(redis_server: Service, mosquitto: Service, tmp_path: Path) -> Settings:
    """Settings of an installation that no other test sees."""
    name = f"t{secrets.token_hex(4)}"
    return Settings(
        broker_url=f"mqtt://{mosquitto.host}:{mosquitto.port}",
        redis_url=f"redis://{redis_server.host}:{redis_server.port}/0",
        store=tmp_path / "store",
        topic_root=name,
        key_prefix=name,
        partitions=2,
        worker="test",
        claim_idle_seconds=1,
        _env_file=None,
    )


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    """A client of the Redis."""
    client = Redis.from_url(settings.redis_url, protocol=2)
    yield client
    await client.aclose()
