"""The shipped redis.conf on the real server."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from support.services import Process, Service, free_port, needed

from runtime.settings import Settings
from runtime.streams import verify_streams

pytestmark = pytest.mark.services
SHIPPED = Path(__file__).resolve().parents[2] / "deploy/redis/redis.conf"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Service]:
    configuration = tmp_path / "redis.conf"
    text = SHIPPED.read_text()
    assert "dir /data\n" in text
    configuration.write_text(text.replace("dir /data\n", f"dir {tmp_path}\n"))
    port = free_port()
    arguments = [needed("redis-server"), str(configuration), "--port", str(port), "--bind", "127.0.0.1"]
    process = Process(arguments, port, tmp_path / "redis.log")
    process.start()
    yield Service("127.0.0.1", port, process.start, process.kill)
    process.kill()


def test_what_was_written_survives_a_kill(server: Service) -> None:
    with Redis(port=server.port) as redis:
        for number in range(1000):
            redis.xadd("s", {"r": number})
    server.kill()
    server.start()
    with Redis(port=server.port) as redis:
        assert redis.xlen("s") == 1000
        assert redis.config_get("append*sync*") == {"appendfsync": "always"}


async def test_workers_accept_it_and_it_refuses_rather_than_evicts(server: Service) -> None:
    redis = AsyncRedis(port=server.port, protocol=2)
    try:
        await verify_streams(redis, Settings(_env_file=None))
        policy = await redis.config_get("maxmemory*")
        assert policy["maxmemory-policy"] == "noeviction"
        assert int(policy["maxmemory"]) == 1 << 30
    finally:
        await redis.aclose()
