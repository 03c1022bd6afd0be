"""Crashes of each day as bars that a template draws. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

DAY_MS: Final = 86_400_000
HEIGHT: Final = 38
"""Of the highest bar."""
LEAST: Final = 1.2
"""Of a day with any crash: it is to be seen."""


@dataclass(frozen=True, slots=True)
class DayBar:
    """A day (UTC); `x` counts from the oldest one."""

    x: int
    height: float
    number: int
    date: str
    """ISO 8601, which the filter of events takes as the begin of the day."""
    next_date: str


def day_bars(days: Sequence[int], now_ms: int) -> list[DayBar]:
    """The bars of some days, the last of which is today."""
    highest = max(days, default=0) or 1
    first = now_ms // DAY_MS - len(days) + 1
    return [
        DayBar(
            x=index,
            height=round(max(HEIGHT * number / highest, LEAST), 2) if number else 0,
            number=number,
            date=_date(first + index),
            next_date=_date(first + index + 1),
        )
        for index, number in enumerate(days)
    ]


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
