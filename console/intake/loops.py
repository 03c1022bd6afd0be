"""Devices that crash again and again. Pure."""

from collections.abc import Sequence
from typing import Final

CRASHES: Final = 3
WITHIN_MS: Final = 10 * 60 * 1000


def latest_loop(times: Sequence[int]) -> int | None:
    """The time of the latest crash that was the third within ten minutes, or more; `times` ascend, in milliseconds."""
    for index in range(len(times) - 1, CRASHES - 2, -1):
        if times[index] - times[index - CRASHES + 1] <= WITHIN_MS:
            return times[index]
    return None
