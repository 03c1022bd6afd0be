"""What the times of a device's crashes tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.crashes import START_MS

from console.devices.past import BuildSpan, Loop, builds_of, days_of, is_recent, loops_of
from console.intake.loops import WITHIN_MS, latest_loop

MINUTE = 60_000
DAY = 86_400_000


def test_days_count_to_today() -> None:
    today = START_MS // DAY
    days = days_of({today + 1: 9, today: 2, today - 1: 1, today - 29: 3, today - 30: 9}, START_MS)
    assert days == (3, *[0] * 27, 1, 2)


def test_builds_tell_their_first_and_last_crash() -> None:
    builds = {1: ("1.0", "fw", "aa"), 2: ("1.1", "fw", "bb"), 3: ("1.0", "fw", "aa")}
    assert builds_of([(1, 1, 40, 40), (2, 2, 20, 50), (3, 4, 10, 30)], builds) == [
        BuildSpan("1.1", "fw", "bb", 2, 20, 50),
        BuildSpan("1.0", "fw", "aa", 5, 10, 40),
    ]


@pytest.mark.parametrize(
    ("minutes", "loops"),
    [
        ([], []),
        ([0, 5], []),
        ([0, 5, 10], [(0, 10, 3)]),
        ([0, 5, 11], []),
        ([0, 5, 10, 15, 20], [(0, 20, 5)]),
        ([0, 1, 2, 100, 101, 102], [(100, 102, 3), (0, 2, 3)]),
        ([0, 1, 2, 12, 23, 24, 25], [(23, 25, 3), (0, 2, 3)]),
    ],
)
def test_loops(minutes: list[int], loops: list[tuple[int, int, int]]) -> None:
    found = loops_of([each * MINUTE for each in minutes])
    assert found == [Loop(first * MINUTE, last * MINUTE, count) for first, last, count in loops]


@given(st.lists(st.integers(0, 100 * MINUTE)).map(sorted))
def test_loops_agree_with_what_intake_notes(times: list[int]) -> None:
    loops = loops_of(times)
    assert (loops[0].last_ms if loops else None) == latest_loop(times)
    assert sum(loop.crashes for loop in loops) <= len(times)
    assert all(loop.crashes >= 3 and loop.last_ms - loop.first_ms <= (loop.crashes // 2) * WITHIN_MS for loop in loops)


def test_a_loop_is_recent_for_a_day() -> None:
    assert is_recent(START_MS, START_MS + DAY - 1)
    assert not is_recent(START_MS, START_MS + DAY)
    assert not is_recent(None, START_MS)
