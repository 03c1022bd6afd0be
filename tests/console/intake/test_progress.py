"""How far intake is, and how long it will take."""

import asyncio

import pytest

from console.intake.feed import Feed
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


async def test_a_page_waits_for_news_and_misses_none() -> None:
    feed = Feed()
    waiting = [asyncio.create_task(feed.changed(0)) for _ in range(3)]
    await asyncio.sleep(0)
    feed.publish(7)
    assert await asyncio.gather(*waiting) == [7, 7, 7]
    assert await feed.changed(6) == 7
    later = asyncio.create_task(feed.changed(7))
    feed.publish(3)  # of a stream that is read once more
    await asyncio.sleep(0)
    assert not later.done()
    feed.publish(8)
    assert await later == 8
