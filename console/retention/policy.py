"""How long what is kept. Pure."""

from dataclasses import dataclass
from typing import Final

DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """What was received before these times goes, in Unix milliseconds; 0 keeps all."""

    dumps_ms: int
    reports_ms: int
    events_ms: int


def cutoffs(now_ms: int, *, dumps_days: int, reports_days: int, events_days: int) -> Cutoffs:
    """The times that go with days; 0 days keep for ever.

    Without its event nothing leads to a dump or a report: they go with it at the latest.
    """

    def before(days: int) -> int:
        return max(0, now_ms - days * DAY_MS) if days else 0

    events = before(events_days)
    return Cutoffs(max(before(dumps_days), events), max(before(reports_days), events), events)
