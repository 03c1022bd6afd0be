"""Groups that crash often in a short time. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

QUIET_MS: Final = 3_600_000
"""A spike that goes on is told again after so long, or after the time that its rule looks back over."""


def latest_spike(times: Sequence[int], fresh: Iterable[int], threshold: int, window_ms: int) -> tuple[int, int] | None:
    """When a group last crashed `threshold` times within `window_ms`, and how often it did; None where it did not.

    `times` are those of its crashes, ascending, in milliseconds; only windows that end at one of `fresh` count, which
    are those that just came in.
    """
    for end in sorted(set(fresh), reverse=True):
        count = bisect_right(times, end) - bisect_left(times, end - window_ms + 1)
        if count >= threshold:
            return end, count
    return None
