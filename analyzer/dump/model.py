"""A parsed core dump.

The format is defined by Zephyr: `include/zephyr/debug/coredump.h` and `subsys/debug/coredump/`.
"""

from enum import IntEnum

import msgspec

from analyzer.dump.caveat import Caveat
from analyzer.dump.memory import MemoryImage
from analyzer.dump.sparse import SparseBytes


class Target(IntEnum):
    """Target codes of the file header (`enum coredump_tgt_code`)."""

    X86 = 1
    X86_64 = 2
    ARM_CORTEX_M = 3
    RISC_V = 4
    XTENSA = 5
    ARM64 = 6


class Header(msgspec.Struct, frozen=True):
    """The file header; None marks a field that never arrived."""

    version: int | None
    target: int | None
    pointer_size: int
    """4 or 8 bytes."""
    flags: int | None
    reason: int | None


class ArchitectureBlock(msgspec.Struct, frozen=True):
    """Block `A`: the registers of the context that crashed, laid out per architecture and version."""

    version: int
    payload: SparseBytes
    claimed_size: int
    """Bytes the block said it has; the payload is shorter when the dump was cut."""


class CpuSnapshot(msgspec.Struct, frozen=True):
    """Block `F`: what one CPU of several was doing."""

    cpu: int
    thread: int | None
    """Address of the thread that was current there."""
    payload: SparseBytes
    """Registers laid out like block `A`; empty for the CPU that panicked."""


class Dump(msgspec.Struct, frozen=True):
    """Everything that could be recovered from a core dump."""

    container: str
    """What the dump came in: `raw`, `flash`, `memory`, `text` or `embedded`."""
    size: int
    """Bytes of the dump itself, without its container."""
    header: Header
    architecture: ArchitectureBlock | None
    kernel: SparseBytes | None
    """Payload of block `T`: a copy of the kernel's `struct z_kernel _kernel`."""
    cpus: tuple[CpuSnapshot, ...]
    memory: MemoryImage
    blocks: tuple[tuple[int, int], ...]
    """Address ranges of the memory blocks, in the order in which the device wrote them; half-open."""
    trailing: bytes
    """Bytes behind the last block that could be read, such as those of a callback core dump device."""
    truncated: bool
    caveats: tuple[Caveat, ...]
    build_id: bytes | None = None
    """What the dumped memory says which build runs on the device."""
