"""The kernel's threads, walked the way a debugger walks them.

From `struct z_kernel _kernel`, which is either a block of the dump of its own or somewhere in the dumped memory.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from analyzer.dump.caveat import MISMATCH, Caveat
from analyzer.dump.memory import Memory
from analyzer.dump.model import CpuSnapshot, Dump
from analyzer.symbols.interface import Symbols
from analyzer.symbols.types import TypedSymbols
from analyzer.zephyr.layout import KernelLayout, layout_of
from analyzer.zephyr.thread import KernelThread, read_thread

MAX_THREADS = 4096
MAX_THREAD_SIZE = 4096
"""Bytes of a `struct k_thread` that can be believed."""
_INTERRUPT_STACKS = ("z_interrupt_stacks", "_interrupt_stack")
"""What the kernel calls them, and called them up to Zephyr 2.5 (`kernel/init.c`)."""


class Kernel(msgspec.Struct, frozen=True):
    """The threads of a dump, the current one first."""

    current: KernelThread | None
    others: tuple[KernelThread, ...]
    caveats: tuple[Caveat, ...]
    in_interrupt: bool = False
    """Whether an interrupt was being handled, by the kernel's own count; not every architecture keeps it."""
    snapshots: Mapping[int, CpuSnapshot] = {}
    """Threads, by address, that ran on the other CPUs, and what the dump holds of them."""
    interrupt_stack: tuple[int, int] | None = None
    """The stacks of the interrupts, of all CPUs, which lie behind each other; half-open."""

    def threads(self) -> tuple[KernelThread, ...]:
        """All of them."""
        return self.others if self.current is None else (self.current, *self.others)


def read_kernel(dump: Dump, symbols: TypedSymbols, memory: Memory) -> Kernel:
    """The threads, as far as dump and firmware tell; never raises."""
    layout = layout_of(symbols)
    if layout is None:
        return Kernel(None, (), (Caveat("no-kernel", "the firmware does not say where its kernel keeps the threads"),))
    caveats: list[Caveat] = []
    word = _kernel_reader(dump, symbols, memory, layout)
    caveats += _kernel_differs(dump, symbols, memory, layout)
    current = _panicking_thread(dump)
    if current is None:
        current = None if word is None else word(layout.current)
    if current is None:
        current = _only_thread(dump, layout, memory)
        if current is not None:
            caveats.append(Caveat("no-kernel", "the dump holds the current thread only"))
        elif word is None and layout.stack_start is not None and _is_whole(dump, memory):
            caveats.append(
                Caveat(
                    MISMATCH,
                    "the dump holds neither the kernel's structure nor a thread where this firmware has them; "
                    "find the ELF file of the very build that runs on the device",
                )
            )
        elif word is None:
            caveats.append(Caveat("no-kernel", "the kernel's structure is not in the dump, so no thread can be listed"))
    head = None if word is None or layout.threads is None else word(layout.threads)
    threads, problem = _walk(head, layout, memory)
    if problem:
        caveats.append(Caveat("thread-list", problem))
    running = threads.pop(current, None) if current else None
    if current and running is None:
        running = read_thread(current, layout, memory)
    nested = None if word is None or layout.nested is None else word(layout.nested)
    return Kernel(
        running,
        tuple(threads.values()),
        tuple(caveats),
        # The count is the first CPU's.
        bool((nested or 0) & 0xFFFFFFFF) and not any(each.cpu and not len(each.payload) for each in dump.cpus),
        {each.thread: each for each in dump.cpus if each.thread and len(each.payload)},
        _interrupt_stack(symbols),
    )


def _kernel_reader(
    dump: Dump, symbols: Symbols, memory: Memory, layout: KernelLayout
) -> Callable[[int], int | None] | None:
    """Reads a pointer at an offset of `_kernel`; None when its bytes are nowhere."""
    payload = dump.kernel
    if payload is not None:
        return lambda offset: payload.unsigned(offset, layout.pointer_size)
    symbol = symbols.symbol("_kernel")
    if symbol is None or memory.read(symbol.address, layout.pointer_size) is None:
        return None
    return lambda offset: memory.unsigned(symbol.address + offset, layout.pointer_size)


def _kernel_differs(dump: Dump, symbols: Symbols, memory: Memory, layout: KernelLayout) -> Iterator[Caveat]:
    """The metadata is a copy of `_kernel`: where that is dumped too, both name the same current thread."""
    symbol = symbols.symbol("_kernel")
    if dump.kernel is None or symbol is None:
        return
    copied = dump.kernel.unsigned(layout.current, layout.pointer_size)
    found = memory.unsigned(symbol.address + layout.current, layout.pointer_size)
    if copied is not None and found is not None and copied != found:
        yield Caveat(
            MISMATCH,
            f"the current thread is {copied:#x} by the metadata and {found:#x} where the firmware has its kernel; "
            "find the ELF file of the very build that runs on the device",
        )


def _panicking_thread(dump: Dump) -> int | None:
    """With several CPUs the snapshot without registers names the thread that crashed."""
    return next((cpu.thread for cpu in dump.cpus if len(cpu.payload) == 0 and cpu.thread), None)


def _interrupt_stack(symbols: Symbols) -> tuple[int, int] | None:
    found = next((found for name in _INTERRUPT_STACKS if (found := symbols.symbol(name)) is not None), None)
    return None if found is None or not found.size else (found.address, found.address + found.size)


def _only_thread(dump: Dump, layout: KernelLayout, memory: Memory) -> int | None:
    """A dump of the current thread alone starts with its structure, and its stack follows."""
    if dump.kernel is not None or len(dump.blocks) < 2 or layout.stack_start is None:
        return None
    (start, end), (stack, _) = dump.blocks[:2]
    if end - start > MAX_THREAD_SIZE or memory.unsigned(start + layout.stack_start, layout.pointer_size) != stack:
        return None
    return start


def _is_whole(dump: Dump, memory: Memory) -> bool:
    """Whether the dump has memory, and every byte of it arrived."""
    held = [(block, memory.holding(block[0])) for block in dump.blocks]
    return bool(held) and not dump.truncated and all(range_ and block[1] <= range_[1] for block, range_ in held)


def _walk(head: int | None, layout: KernelLayout, memory: Memory) -> tuple[dict[int, KernelThread], str]:
    """The threads on the kernel's list, by address, and what was wrong with it."""
    threads: dict[int, KernelThread] = {}
    address = head
    while address:
        if address in threads:
            return threads, f"the list of threads runs in a circle at {address:#x}"
        if len(threads) >= MAX_THREADS:
            return threads, f"the list of threads has more than {MAX_THREADS} entries"
        threads[address] = thread = read_thread(address, layout, memory)
        if layout.next_thread is None:
            return threads, "the firmware does not say how its threads are linked"
        address = thread.following
        if address is None:
            return threads, "the list of threads leads out of the dumped memory"
    return threads, ""
