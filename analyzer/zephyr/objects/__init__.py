"""Kernel objects: where the firmware keeps them, what they were doing, and which threads wait for them."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from analyzer.dump.memory import Memory
from analyzer.symbols.types import TypedSymbols
from analyzer.zephyr.objects import heap, message_queue, mutex, semaphore, slab, timer, work_queue
from analyzer.zephyr.objects.catalogue import catalogue_of
from analyzer.zephyr.objects.deadlock import Wait, deadlocks
from analyzer.zephyr.objects.members import Members
from analyzer.zephyr.objects.model import KernelObject, Place, State
from analyzer.zephyr.thread import KernelThread

__all__ = ["KernelObject", "KernelObjects", "Place", "State", "Wait", "read_objects"]

Read = Callable[[Members], State | None]


def _heap_of_kernel(members: Members) -> State | None:
    """`struct k_heap` is a heap with a wait queue."""
    inner = members.inside("sys_heap", "heap")
    return None if inner is None else heap.read(inner)


_READERS: dict[str, Read] = {
    "k_mutex": mutex.read,
    "k_sem": semaphore.read,
    "k_msgq": message_queue.read,
    "k_work_q": work_queue.read,
    "k_mem_slab": slab.read,
    "sys_heap": heap.read,
    "k_heap": _heap_of_kernel,
}
_UNREAD = State("")
"""Of a kind of which only the waiting threads are shown."""


class KernelObjects(msgspec.Struct, frozen=True):
    """The kernel objects of a dump."""

    found: tuple[KernelObject, ...] = ()
    """By address."""
    deadlocks: tuple[tuple[Wait, ...], ...] = ()
    remaining: Mapping[int, int] = {}
    """Ticks until each running timeout expires, by the address of its structure."""
    awaited: Mapping[int, KernelObject] = {}
    """The object that a thread waits for, by the thread's address."""

    def at(self, address: int) -> KernelObject | None:
        """The object that starts at an address."""
        return next((one for one in self.found if one.place.address == address), None)


def read_objects(symbols: TypedSymbols, memory: Memory, threads: Sequence[KernelThread]) -> KernelObjects:
    """Every kernel object that the dump holds."""
    catalogue = catalogue_of(symbols)
    waiting: dict[int, list[int]] = {}
    for thread in threads:
        place = catalogue.holding(thread.pended_on) if thread.pended_on else None
        if place is not None:
            waiting.setdefault(place.address, []).append(thread.address)
    listed = symbols.symbol("timeout_list")
    remaining = {} if listed is None else timer.remaining_ticks(listed.address, catalogue.timeout, memory)
    readers: dict[str, Read] = {**_READERS, "k_timer": lambda members: timer.read(members, remaining)}
    found: list[KernelObject] = []
    for place in catalogue.places:
        content = memory.read(place.address, place.size)
        if content is None:
            continue
        reader = readers.get(place.structure)
        members = Members(place.structure, place.address, memory, symbols.field, symbols.pointer_size, content)
        state = _UNREAD if reader is None else reader(members)
        if state is not None:
            found.append(KernelObject(place, state, tuple(waiting.get(place.address, ()))))
    awaited = {thread: one for one in found for thread in one.waiting}
    return KernelObjects(tuple(found), tuple(_deadlocks(found, threads)), remaining, awaited)


def _deadlocks(objects: Sequence[KernelObject], threads: Sequence[KernelThread]) -> list[tuple[Wait, ...]]:
    """The circles of threads that wait for each other's mutexes."""
    awaited = [one for one in objects if one.waiting and one.place.structure == "k_mutex"]
    if not awaited:
        return []
    known = {thread.address for thread in threads}
    waits: Mapping[int, Wait] = {
        thread: Wait(thread, one.place.address, one.state.owner)
        for one in awaited
        if one.state.owner is not None and one.state.owner in known
        for thread in one.waiting
    }
    return deadlocks(waits)
