"""From kernel objects to the report's."""

from collections.abc import Iterator, Mapping

import msgspec

from analyzer.cpu import Cpu
from analyzer.report import model
from analyzer.report.address import WRITERS, function_at, thread_name
from analyzer.symbols.interface import Symbols
from analyzer.zephyr import KernelThread
from analyzer.zephyr.objects import KernelObjects, Wait

MAX_OBJECTS = 1000
"""In a report; those behind it by address are left out."""


class Waiting(msgspec.Struct, frozen=True):
    """What a thread waits for, as the report writes it."""

    name: str | None = None
    kind: str | None = None
    owner: str | None = None
    """The thread that holds it."""
    wakes_in: int | None = None
    """Ticks."""


class ObjectWriter(msgspec.Struct, frozen=True):
    """Writes kernel objects for the report."""

    cpu: Cpu | None
    symbols: Symbols
    found: KernelObjects
    threads: Mapping[int, KernelThread]
    """By address."""

    def thread_name(self, address: int) -> str:
        """The thread whose structure is at an address, for a person."""
        thread = self.threads.get(address) or KernelThread(address)
        return thread_name(thread, self.cpu, self.symbols, self.symbols.pointer_size)

    def objects(self) -> Iterator[model.KernelObject]:
        """All of them."""
        for one in self.found.found[:MAX_OBJECTS]:
            place, state = one.place, one.state
            yield model.KernelObject(
                kind=place.kind,
                name=place.name,
                address=self._address(place.address),
                state=state.text,
                facts=state.facts,
                functions={name: [*map(self._function, calls)] for name, calls in state.functions.items()},
                owner=None if state.owner is None else self.thread_name(state.owner),
                waiting=[*map(self.thread_name, one.waiting)],
                problem=state.problem,
            )

    def warnings(self) -> Iterator[model.Warning]:
        """The objects that are damaged: a crash may be what came of it."""
        for one in self.found.found:
            if one.state.problem is not None:
                text = f"{one.place.kind} {one.place.name}: {one.state.problem}"
                yield model.Warning(code="kernel-object-damaged", text=text)

    def deadlocks(self) -> list[list[model.DeadlockStep]]:
        """All circles."""
        return [[self._step(wait) for wait in circle] for circle in self.found.deadlocks]

    def waiting(self, kernel: KernelThread) -> Waiting:
        """What a thread waits for, and for how long at most."""
        wakes_in = None if kernel.timeout is None else self.found.remaining.get(kernel.timeout)
        if not kernel.pended_on:
            return Waiting(wakes_in=wakes_in)
        one = self.found.awaited.get(kernel.address)
        if one is not None:
            owner = None if one.state.owner is None else self.thread_name(one.state.owner)
            return Waiting(one.place.name, one.place.kind, owner, wakes_in)
        joined = self._joined(kernel.pended_on)
        return Waiting(joined, None if joined is None else "thread", None, wakes_in)

    def _joined(self, pended_on: int) -> str | None:
        """The thread whose end is waited for."""
        queue = self.symbols.field("k_thread", "join_queue")
        if queue is None or (thread := pended_on - queue.offset) not in self.threads:
            return None
        return self.thread_name(thread)

    def _step(self, wait: Wait) -> model.DeadlockStep:
        mutex = self.found.at(wait.mutex)
        return model.DeadlockStep(
            thread=self.thread_name(wait.thread),
            mutex=self._address(wait.mutex) if mutex is None else mutex.place.name,
            held_by=self.thread_name(wait.owner),
        )

    def _function(self, address: int) -> str:
        return function_at(address, self.cpu, self.symbols, self.symbols.pointer_size)

    def _address(self, value: int) -> str:
        return WRITERS[self.symbols.pointer_size](value)
