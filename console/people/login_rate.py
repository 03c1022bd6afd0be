"""How often somebody may try to sign in: per address and per name, over a window that moves."""

import math
import time
from ipaddress import IPv4Address, ip_address, ip_network
from typing import Final

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from console.web.errors import TooManyRequests

PER_ADDRESS: Final = parse("30 per 5 minutes")
PER_NAME: Final = parse("10 per 5 minutes")
"""Few enough against guessing; who knows a name cannot lock its owner out for longer than the window."""


class LoginRate:
    """Counts tries of one process; the console is one process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def require(self, address: str, name: str) -> None:
        """Count a try; raises `TooManyRequests` with the seconds to wait."""
        await self._count(PER_ADDRESS, "address", _household(address))
        await self._count(PER_NAME, "name", name.strip().casefold()[:128])

    async def forgive(self, name: str) -> None:
        """Forget the tries of a name after the right password."""
        await self._limiter.clear(PER_NAME, "name", name.strip().casefold()[:128])

    async def _count(self, limit: RateLimitItem, *key: str) -> None:
        if await self._limiter.hit(limit, *key):
            return
        window = await self._limiter.get_window_stats(limit, *key)
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        raise TooManyRequests(f"too many tries to sign in: wait {seconds} seconds", seconds)


def _household(address: str) -> str:
    """Whom an address belongs to: of IPv6 one has a whole network to try from."""
    try:
        given = ip_address(address)
    except ValueError:
        return address
    if isinstance(given, IPv4Address):
        return address
    return str(given.ipv4_mapped or ip_network((given, 64), strict=False))
