"""Where the kernel's structures keep what we read: from the debug information, else from the image's own table.

The table is that of Zephyr's `subsys/debug/thread_info.c`; before it got its name it was `subsys/debug/openocd.c`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from analyzer.symbols.interface import Field, Symbols
from analyzer.symbols.types import TypedSymbols
from analyzer.zephyr.packed import WORDS, PackedMembers

MAX_ENTRIES = 64
MAX_OFFSET = 1 << 16
MAX_NAME = 64
"""Bytes of a thread's name that are read."""
_STACK_POINTERS = ("psp", "sp_elx", "rsp", "esp", "sp")
"""What the architectures call the saved stack pointer: Cortex-M, ARM64, x86-64, x86, RISC-V."""
_SWITCHES = "arm_m_must_switch"
"""A function of Cortex-M firmware that keeps registers behind `switch_handle`: what the stack pointer says is stale."""


@dataclass(frozen=True, slots=True)
class KernelLayout:
    """Offsets in bytes; None where the firmware does not say."""

    pointer_size: int
    current: int
    """Of the current thread's pointer, from the start of `_kernel`."""
    threads: int | None
    """Of the thread list's head, from the start of `_kernel`."""
    nested: int | None
    """Of the first CPU's count of interrupts being handled, from the start of `_kernel`."""
    next_thread: int | None
    """Of the link in the list of threads, from the start of a `struct k_thread`, as all that follows."""
    stack_pointer: int | None
    """Of the saved stack pointer."""
    stack_start: int | None
    timeout: int | None
    """Of the thread's timeout, which starts with the link in the kernel's list of timeouts: NULL while none runs."""
    members: PackedMembers
    """What `analyzer.zephyr.thread` reads of a thread: its name, its state, options and priority, its entry, the start
    and the size of its stack, what it is pended on, its timeout's link, its EXC_RETURN, its `switch_handle`, and the
    next thread."""
    field_of: Callable[[str, str], Field | None]
    """Any other member."""


def layout_of(symbols: TypedSymbols) -> KernelLayout | None:
    """The layout of this firmware's kernel, made once for each index that is open."""
    if KernelLayout not in symbols.derived:
        symbols.derived[KernelLayout] = read_layout(symbols)
    return symbols.derived[KernelLayout]


def read_layout(symbols: Symbols) -> KernelLayout | None:
    """The layout of this firmware's kernel; None when the image has neither table nor debug information of it."""
    table = _Table(_read_table(symbols))
    size = symbols.pointer_size

    def offset(structure: str, path: str, index: int | None = None) -> int | None:
        found = symbols.field(structure, path)
        return found.offset if found is not None else table.offset(index)

    def field(structure: str, path: str, index: int, fallback_size: int) -> Field | None:
        found = symbols.field(structure, path)
        entry = table.offset(index)
        return found or (None if entry is None else Field(entry, fallback_size))

    cpus = offset("z_kernel", "cpus") or 0
    current = offset("_cpu", "current", 1)
    if current is None:
        return None
    arch, exc_return = table.offset(10), table.offset(13)
    nested = symbols.field("_cpu", "nested")
    mode = symbols.field("k_thread", "arch.mode_exc_return")
    saved = [symbols.field("k_thread", f"callee_saved.{name}") for name in _STACK_POINTERS]
    switch_handle = offset("k_thread", "switch_handle")
    saved_pointer = next((found.offset for found in saved if found is not None), table.offset(8))
    if switch_handle is None and symbols.symbol(_SWITCHES) is not None:
        saved_pointer = None
    entry, name = field("k_thread", "entry", 3, size), field("k_thread", "name", 9, 32)
    state, options = field("k_thread", "base.thread_state", 5, 1), field("k_thread", "base.user_options", 6, 1)
    priority = field("k_thread", "base.prio", 7, 1)
    start, length = offset("k_thread", "stack_info.start"), offset("k_thread", "stack_info.size")
    pended_on, timeout = offset("k_thread", "base.pended_on"), offset("k_thread", "base.timeout.node.next")
    saved_mode = mode.offset if mode else None if arch is None or exc_return is None else arch + exc_return
    following = offset("k_thread", "next_thread", 4)

    def at(offset: int | None, letters: str) -> tuple[int, str] | None:
        return None if offset is None else (offset, letters)

    word = WORDS[size]
    return KernelLayout(
        pointer_size=size,
        current=cpus + current,
        threads=offset("z_kernel", "threads", 2),
        nested=None if nested is None else cpus + nested.offset,
        next_thread=following,
        stack_pointer=saved_pointer,
        stack_start=start,
        timeout=timeout,
        members=PackedMembers(
            (
                None if name is None else (name.offset, f"{min(max(name.size, 1), MAX_NAME)}s"),
                *(at(None if one is None else one.offset, "B") for one in (state, options, priority)),
                at(None if entry is None else entry.offset, word),
                *(at(one, word) for one in (start, length, pended_on, timeout)),
                at(saved_mode, "B"),
                at(switch_handle, word),
                at(following, word),
            )
        ),
        field_of=symbols.field,
    )


@dataclass(frozen=True, slots=True)
class _Table:
    entries: Sequence[int]

    def offset(self, index: int | None) -> int | None:
        if index is None or index >= len(self.entries):
            return None
        return self.entries[index] if self.entries[index] < MAX_OFFSET else None


def _read_table(symbols: Symbols) -> list[int]:
    """The entries of the thread-info table; empty when there is none that can be believed."""
    for prefix in ("_kernel_thread_info", "_kernel_openocd"):
        offsets = symbols.symbol(f"{prefix}_offsets")
        count = _number(symbols, f"{prefix}_num_offsets", symbols.pointer_size)
        width = _number(symbols, f"{prefix}_size_t_size", 1)
        if offsets is None or count is None or width not in (4, 8) or count > MAX_ENTRIES:
            continue
        raw = symbols.read_only(offsets.address, count * width)
        if raw is not None:
            return [int.from_bytes(raw[at : at + width], "little") for at in range(0, len(raw), width)]
    return []


def _number(symbols: Symbols, name: str, size: int) -> int | None:
    symbol = symbols.symbol(name)
    raw = None if symbol is None else symbols.read_only(symbol.address, size)
    return None if raw is None else int.from_bytes(raw, "little")
