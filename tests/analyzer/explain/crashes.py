"""Facts for rules: a load or store of a Cortex-M, and what is around it."""

from typing import Any

from msgspec.structs import replace

from analyzer.cpu import Context, CortexM
from analyzer.cpu.base import FaultStatus
from analyzer.disassembly import Access, Direction, MemoryOperand
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.sparse import SparseBytes
from analyzer.explain.facts import Crash, Facts, ThreadStack, Verdict
from analyzer.grouping import load_plumbing

SP, LR, PC = 13, 14, 15
MAIN = ThreadStack("main", (0x20000000, 0x20000100))
OTHER = ThreadStack("worker", (0x20001000, 0x20001100))


def memory(blocks: dict[int, bytes] | None = None) -> Memory:
    image = MemoryImage()
    for address, content in (blocks or {}).items():
        image.add(address, SparseBytes(content))
    return Memory(image)


def crash(registers: dict[int, int] | None = None, **changes: Any) -> Crash:
    context = Context({PC: 0x400, SP: 0x20000080, **(registers or {})}, 1 << 24)
    base = Crash(None, CortexM(), context, (), (), memory(), pc_is_code=True, thread=MAIN, others=(OTHER,))
    return replace(base, **changes)


def facts(kind: str, subject: Crash | None = None, **changes: Any) -> Facts:
    verdict = Verdict(kind, "Label", "it was so")
    base = Facts(
        subject or crash(),
        verdict,
        "REASON",
        software=False,
        imprecise=False,
        status=FaultStatus(),
        plumbing=load_plumbing(),
    )
    return replace(base, **changes)


def accessing(
    base: int,
    offset: int = 0,
    kind: str = "bus-fault",
    subject: Crash | None = None,
    *,
    direction: Direction = Direction.LOAD,
    size: int = 4,
    register: int = 3,
) -> Facts:
    """Facts of a fault at base + offset, through a register."""
    address = base + offset & 0xFFFFFFFF
    access = Access(MemoryOperand(direction, size, register, offset), address, base, None)
    return facts(kind, subject, access=access, address=address)
