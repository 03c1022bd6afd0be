"""When to hold the broker back: chunk streams that nobody empties, or a Redis that is nearly full."""

import asyncio
import time

from redis.asyncio import Redis

from contract.records import Keys
from runtime.logs import get_logger
from runtime.metrics import INGEST_PAUSED, STREAM_LAG
from runtime.rest import rest
from runtime.settings import Settings
from runtime.streams import stream_errors

log = get_logger(__name__)

LOOK_SECONDS = 0.5
"""How often the levels are looked at."""


class Backpressure:
    """Levels of Redis against the limits.

    The memory limit keeps room for the reassembler: it needs some to turn chunks into dumps, which frees much more.
    It holds only while chunks wait to be taken: open uploads fill memory too, and they end by getting chunks.
    """

    def __init__(self, settings: Settings, redis: Redis) -> None:
        """Looks at nothing yet."""
        self._settings = settings
        self._redis = redis
        self._chunks = [Keys(settings.key_prefix).chunks(partition) for partition in range(settings.partitions)]
        self._looked = 0.0

    async def wait(self, stop: asyncio.Event) -> None:
        """Return when there is room, or when stopped; raises `StreamsUnavailable`."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        reported = ""
        while not stop.is_set() and (reason := await self._over()):
            INGEST_PAUSED.set(1)
            if reported != reason:
                log.warning("holding the broker back", reason=reason)
                reported = reason
            await rest(stop, LOOK_SECONDS)
        INGEST_PAUSED.set(0)
        self._looked = time.monotonic()

    async def _over(self) -> str:
        """Which limit is exceeded, in words; empty when none is."""
        with stream_errors():
            async with self._redis.pipeline(transaction=False) as pipe:
                for stream in self._chunks:
                    pipe.xlen(stream)
                pipe.info("memory")  # pyright: ignore[reportUnknownMemberType]
                *lengths, memory = await pipe.execute()
        for stream, length in zip(self._chunks, lengths, strict=True):
            STREAM_LAG.labels(stream).set(length)
            if length > self._settings.max_lag:
                return f"{length} entries wait in {stream} (limit {self._settings.max_lag}): start more reassemblers"
        limit = int(memory.get("maxmemory", 0))
        used = int(memory.get("used_memory", 0))
        if any(lengths) and limit and used * 100 > limit * self._settings.max_redis_memory_percent:
            return f"Redis uses {used} of {limit} bytes: raise maxmemory or start more reassemblers"
        return ""
