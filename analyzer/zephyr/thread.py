"""A thread of the kernel, read from its `struct k_thread`.

State bits are those of Zephyr's `include/zephyr/kernel_structs.h`.
"""

from functools import lru_cache

import msgspec

from analyzer.cpu import SavedThread
from analyzer.dump.memory import Memory
from analyzer.zephyr.layout import KernelLayout

_SLEEPING = 1 << 2
_PENDING, _SUSPENDED = 1 << 1, 1 << 4
_STATES = {0: "dummy", 1: "pending", 3: "dead", 4: "suspended", 5: "aborting", 6: "suspending", 7: "ready"}
_OPTIONS = {0: "essential", 1: "floating point", 2: "user mode"}
_ENTRIES = frozenset(
    {
        "z_thread_entry",
        "_thread_entry",
        "z_thread_entry_wrapper",
        "z_x86_thread_entry_wrapper",
        "arch_user_mode_enter",
    }
)


class KernelThread(msgspec.Struct, frozen=True):
    """What the kernel keeps about a thread; None where the dump or the firmware does not say."""

    address: int
    name: str | None = None
    state: int | None = None
    options: int | None = None
    priority: int | None = None
    """Negative for a cooperative thread."""
    entry: int | None = None
    stack: tuple[int, int] | None = None
    """Half-open."""
    pended_on: int | None = None
    timed: bool = False
    """Whether a timeout runs that wakes it."""
    timeout: int | None = None
    """Address of the thread's timeout."""
    saved: SavedThread | None = None
    following: int | None = None
    """Address of the next one on the kernel's list of threads; 0 behind the last one."""

    def state_name(self, *, current: bool, never_ran: bool | None) -> str:
        """The state for a person.

        Bit 2 has meant "not yet started" and means "sleeping" in newer kernels; whether the thread has run tells
        which of them it is; None where its stack does not say.
        """
        return _state_name(self.state, self.timed, current, never_ran)

    def option_names(self) -> list[str]:
        """The options that all architectures share."""
        return [name for bit, name in _OPTIONS.items() if self.options >> bit & 1] if self.options else []


def is_thread_entry(function: str) -> bool:
    """Whether a function is the one every thread starts in: nothing calls it."""
    return function in _ENTRIES


@lru_cache
def _state_name(state: int | None, timed: bool, current: bool, never_ran: bool | None) -> str:  # noqa: FBT001 - the answers are kept by these
    if state is None:
        return "unknown"
    slept = timed and state & (_PENDING | _SUSPENDED) == _SUSPENDED
    if slept:
        # Before there was a bit for it, k_sleep() suspended the thread; k_thread_suspend() leaves no timeout.
        state &= ~_SUSPENDED
    names = [name for bit, name in _STATES.items() if state >> bit & 1]
    if slept:
        names.append("sleeping")
    if state & _SLEEPING:
        names.append({True: "not started", False: "sleeping", None: "not started or sleeping"}[never_ran])
    if current and names in ([], ["ready"]):
        return "running"
    return ", ".join(names) or "not queued"


def read_thread(address: int, layout: KernelLayout, memory: Memory) -> KernelThread:
    """The thread whose structure is at an address."""
    name, state, options, priority, entry, start, size, pended_on, link, exc_return, switch_handle, following, _ = (
        layout.members.read(address, memory)
    )
    return KernelThread(
        address,
        None if name is None else _printable(name),
        state,
        options,
        None if priority is None else (priority ^ 0x80) - 0x80,
        entry,
        (start, start + size) if start and size and start + size < 1 << 8 * layout.pointer_size else None,
        pended_on,
        bool(link),
        None if layout.timeout is None else address + layout.timeout,
        SavedThread(
            None if layout.stack_pointer is None else address + layout.stack_pointer,
            exc_return,
            address,
            switch_handle,
            layout.field_of,
        ),
        following,
    )


def _printable(name: bytes) -> str:
    text = name.split(b"\0", 1)[0].decode("utf-8", "replace")
    return (
        text
        if text.isprintable()
        else "".join(character if character.isprintable() else "\ufffd" for character in text)
    )
