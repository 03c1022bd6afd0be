"""Deadlock: threads that wait for each other's mutexes in a circle."""

from collections.abc import Mapping

import msgspec


class Wait(msgspec.Struct, frozen=True):
    """A thread, the mutex that it waits for, and the thread that holds that one; all by address."""

    thread: int
    mutex: int
    owner: int


def deadlocks(waits: Mapping[int, Wait]) -> list[tuple[Wait, ...]]:
    """The circles in a graph in which each thread waits for one mutex at most; `waits` is by thread.

    Each circle is given once, from its lowest thread on. A thread that waits for a circle from outside is in none.
    """
    done: set[int] = set()
    circles: list[tuple[Wait, ...]] = []
    for start in sorted(waits):
        path: dict[int, int] = {}
        thread = start
        while thread in waits and thread not in done and thread not in path:
            path[thread] = len(path)
            thread = waits[thread].owner
        if thread in path:
            circle = [each for each, place in path.items() if place >= path[thread]]
            first = circle.index(min(circle))
            circles.append(tuple(waits[each] for each in circle[first:] + circle[:first]))
        done.update(path)
    return circles
