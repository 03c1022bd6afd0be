"""What goes when."""

from console.retention.policy import DAY_MS, Cutoffs, cutoffs

NOW = 1_000 * DAY_MS


def test_days_are_counted_back_from_now_and_none_keep_all() -> None:
    assert cutoffs(NOW, dumps_days=90, reports_days=0, events_days=0) == Cutoffs(NOW - 90 * DAY_MS, 0, 0)


def test_nothing_outlives_its_event() -> None:
    expected = NOW - 30 * DAY_MS
    assert cutoffs(NOW, dumps_days=90, reports_days=0, events_days=30) == Cutoffs(expected, expected, expected)


def test_more_days_than_there_were_keep_all() -> None:
    assert cutoffs(NOW, dumps_days=10**6, reports_days=1, events_days=0) == Cutoffs(0, NOW - DAY_MS, 0)
