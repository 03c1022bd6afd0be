from itertools import pairwise

from console.alerts.backoff import PAUSES_MS, TRIES, pause_ms

DAY_MS = 86_400_000


def test_eight_tries_over_a_day() -> None:
    assert TRIES == 8
    pauses = [pause_ms(attempt, 0.0) for attempt in range(1, TRIES)]
    assert pauses == list(PAUSES_MS)
    assert DAY_MS <= sum(PAUSES_MS) < 1.1 * DAY_MS
    assert all(before < after for before, after in pairwise(PAUSES_MS))
    assert pause_ms(TRIES, 0.0) is None


def test_deliveries_that_failed_together_come_apart() -> None:
    assert pause_ms(1, 1.0) == 11_000
