"""Exponential back-off with full jitter, so that a fleet which lost its broker does not come back in one wave."""

from collections.abc import Callable

FIRST, MOST = 0.5, 60.0
"""Seconds: half the ceiling of the first pause, and the ceiling of all."""


def reconnect_pause(failures: int, jitter: Callable[[], float]) -> float:
    """Seconds to wait after that many failures (at least 1) in a row; `jitter` gives numbers in [0, 1)."""
    return jitter() * min(MOST, FIRST * 2 ** min(failures, 16))
