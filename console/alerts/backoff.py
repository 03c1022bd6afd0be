"""When a delivery that failed is tried again. Pure."""

from typing import Final

_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
PAUSES_MS: Final = (
    10_000,
    2 * _MINUTE,
    10 * _MINUTE,
    _HOUR,
    3 * _HOUR,
    8 * _HOUR,
    12 * _HOUR,
)
"""After the first try, the second one, and so on: eight tries over a day."""
TRIES: Final = len(PAUSES_MS) + 1
_JITTER: Final = 0.1


def pause_ms(attempts: int, chance: float) -> int | None:
    """How long to wait after so many tries; None where that was the last one.

    `chance` is from 0 to 1: up to a tenth is added by it, so that deliveries that failed together come apart.
    """
    return round(PAUSES_MS[attempts - 1] * (1 + _JITTER * chance)) if attempts < TRIES else None
