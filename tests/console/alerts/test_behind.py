import pytest

from console.alerts.behind import AGAIN_MS, FLAPPING_MS, Behind, behind, is_due
from console.operations.lag import StreamLag

NOW = 10_000_000
LAGS = (
    StreamLag("reassembler", 0, 5, 0, 100, NOW - 1_000),
    StreamLag("analyzer", 0, 0, 0, 100, None),
    StreamLag("analyzer", 1, 30, 2, 100, NOW - 120_000),
    StreamLag("analyzer", 2, 70, 2, 100, NOW - 60_000),
)


@pytest.mark.parametrize(
    ("threshold", "minutes", "stages"),
    [
        (100, 0, ["analyzer"]),
        (101, 0, []),
        (5, 0, ["reassembler", "analyzer"]),
        (0, 2, ["analyzer"]),
        (0, 3, []),
        (101, 1, ["analyzer"]),
    ],
)
def test_a_stage_is_behind_by_entries_or_by_time(threshold: int, minutes: int, stages: list[str]) -> None:
    assert [each.stage for each in behind(LAGS, threshold, minutes, NOW)] == stages


def test_the_fullest_partition_is_named_first() -> None:
    assert behind(LAGS, 100, 0, NOW) == [Behind("analyzer", 100, 120_000, (2, 1))]


def test_what_lasts_is_told_again_later_than_what_came_back() -> None:
    assert is_due(None, NOW, lasted=True)
    assert not is_due(NOW - AGAIN_MS + 1, NOW, lasted=True)
    assert is_due(NOW - AGAIN_MS, NOW, lasted=True)
    assert not is_due(NOW - FLAPPING_MS + 1, NOW, lasted=False)
    assert is_due(NOW - FLAPPING_MS, NOW, lasted=False)
