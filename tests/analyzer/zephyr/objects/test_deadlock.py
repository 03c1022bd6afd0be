"""Circles in who waits for whom."""

from hypothesis import given
from hypothesis import strategies as st

from analyzer.zephyr.objects.deadlock import Wait, deadlocks


def waits(*edges: tuple[int, int]) -> dict[int, Wait]:
    return {thread: Wait(thread, 0x100 + owner, owner) for thread, owner in edges}


def test_two_threads_in_each_others_way() -> None:
    (circle,) = deadlocks(waits((1, 2), (2, 1), (3, 1)))
    assert [(wait.thread, wait.owner) for wait in circle] == [(1, 2), (2, 1)]


def test_a_chain_that_ends_is_no_deadlock() -> None:
    assert deadlocks(waits((1, 2), (2, 3))) == []


def test_a_thread_that_waits_for_its_own_mutex() -> None:
    (circle,) = deadlocks(waits((7, 7)))
    assert [wait.thread for wait in circle] == [7]


@given(st.dictionaries(st.integers(0, 12), st.integers(0, 12)))
def test_every_thread_in_a_circle_is_found_once(edges: dict[int, int]) -> None:
    def comes_back(start: int) -> bool:
        thread = start
        for _ in range(len(edges)):
            if thread not in edges:
                return False
            thread = edges[thread]
            if thread == start:
                return True
        return False

    found = [wait.thread for circle in deadlocks(waits(*edges.items())) for wait in circle]
    assert sorted(found) == sorted(thread for thread in edges if comes_back(thread))
