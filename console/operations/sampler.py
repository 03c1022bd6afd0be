"""Samples of the streams from one look to the next, which rates are computed from."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Final

from redis.asyncio import Redis

from console.operations.lag import Rate, Sample, rates, take_sample
from contract.records import Keys

WINDOW_SECONDS: Final = 30.0
"""How long rates look back."""
FRESH_SECONDS: Final = 1.0
"""A sample serves everybody who looks so soon after it."""


class Sampler:
    """Takes samples while somebody looks; nobody looking costs nothing."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()
        self._lock = asyncio.Lock()

    async def look(self, redis: Redis, keys: Keys, partitions: int) -> tuple[Sample, Mapping[str, Rate]]:
        """How it is now, and what a stage gets and does; without rates where there is nothing to compare with.

        Raises `StreamsUnavailable`.
        """
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if not self._samples or now - self._samples[-1].at >= FRESH_SECONDS:
                self._add(await take_sample(redis, keys, partitions))
            return self._samples[-1], rates(self._samples[0], self._samples[-1])

    def _add(self, sample: Sample) -> None:
        self._samples.append(sample)
        while sample.at - self._samples[0].at > WINDOW_SECONDS:
            self._samples.popleft()
