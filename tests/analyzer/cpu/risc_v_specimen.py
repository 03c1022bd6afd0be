"""Memory, structures and register blocks of a RISC-V machine that never was."""

from collections.abc import Callable

from analyzer.cpu import FieldOf
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.model import ArchitectureBlock
from analyzer.dump.sparse import SparseBytes
from analyzer.symbols.interface import Field

FRAME = [
    "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6",
    "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "mepc", "mstatus", "s0",
]  # fmt: skip
"""Of `struct arch_esf`, as Zephyr has it without options."""
SAVED = ["sp", "ra", *(f"s{number}" for number in range(12))]
"""Of `struct _callee_saved`."""
MSTATUS = 0x1880
VALUES = {name: 0x80001000 + 0x111 * index for index, name in enumerate(FRAME)} | {
    "mstatus": MSTATUS,
    "mepc": 0x80000404,
}


def values(names: list[str], width: int, /, **changed: int) -> bytes:
    """A structure of registers; those that are not in `VALUES` or given are 0."""
    mask = (1 << 8 * width) - 1
    known = VALUES | changed
    return b"".join((known.get(name, 0) & mask).to_bytes(width, "little") for name in names)


def fields(width: int, frame: list[str] = FRAME, saved: list[str] = SAVED, *, name: str = "arch_esf") -> FieldOf:
    """The members of the two structures, as a symbol index tells them."""
    known = {(name, member): Field(width * at, width) for at, member in enumerate(frame)}
    known |= {("_callee_saved", member): Field(width * at, width) for at, member in enumerate(saved)}
    known[name, ""] = Field(0, -(-width * len(frame) // 16) * 16)
    find: Callable[[tuple[str, str]], Field | None] = known.get
    return lambda structure, path: find((structure, path))


def memory(*blocks: tuple[int, bytes]) -> Memory:
    """Dumped memory."""
    image = MemoryImage()
    for address, content in blocks:
        image.add(address, SparseBytes(content))
    return Memory(image)


def block(version: int, payload: bytes) -> ArchitectureBlock:
    """A register block that arrived as a whole."""
    return ArchitectureBlock(version, SparseBytes(payload), len(payload))
