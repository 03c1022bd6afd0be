"""How far intake is, and how long it will take."""

import pytest

from console.intake.progress import Pace, Progress, StreamEnds, entry_id, progress_of

ENDS = StreamEnds((1_000_000, 0), (2_000_000, 5), 1_000)


def test_entry_ids_are_compared_as_numbers() -> None:
    assert entry_id("9-0") < entry_id("10-0") < entry_id("10-2") < entry_id("10-10")
    with pytest.raises(ValueError, match="invalid"):
        entry_id("x")


@pytest.mark.parametrize(
    ("position", "behind_ms", "left"),
    [
        ((2_000_000, 5), 0, 0),
        ((3_000_000, 0), 0, 0),
        ((0, 0), 1_000_000, 1_000),
        ((1_500_000, 0), 500_000, 500),
        ((2_000_000, 4), 0, 1),
    ],
)
def test_what_is_left_is_told_from_the_time(position: tuple[int, int], behind_ms: int, left: int) -> None:
    progress = progress_of(position, ENDS, 100.0)
    assert (progress.behind_ms, progress.entries_left) == (behind_ms, left)
    assert progress.is_catching_up is (behind_ms > 0)
    assert progress.seconds_left == left / 100


def test_without_a_rate_nobody_can_say_how_long() -> None:
    assert Progress(entries_left=5).seconds_left is None


def test_the_rate_is_that_of_late() -> None:
    pace = Pace()
    assert pace.rate(0.0) == 0.0
    for second in range(100):
        pace.step(float(second), 1_000 if second < 50 else 200)
    assert pace.rate(99.0) == pytest.approx(200)
    assert pace.rate(1_000.0) == 0.0
