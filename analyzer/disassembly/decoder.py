"""From bytes to instructions, for each architecture that can be disassembled.

Answers are kept by what they depend on, the code's bytes, its address and the architecture: the same place of the same
firmware is decoded once, and nothing else can be confused with it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from analyzer.disassembly import arm, arm64, riscv, x86
from analyzer.disassembly.instruction import Flow, Instruction, MemoryOperand

if TYPE_CHECKING:
    from capstone import Cs

MAX_BEFORE = 2048
"""How far the start of a function may be from the place that is looked at, in bytes."""
MAX_FUNCTION = 4096
"""Bytes of a function that is searched for what leads into it."""
MAX_INSTRUCTION = 16
"""Bytes; 15 on x86, 4 elsewhere."""
_KEPT = 512
_CONDITIONAL = 4
"""An IT instruction of Thumb rules at most so many instructions behind it."""


@dataclass(frozen=True, slots=True)
class _InstructionSet:
    """How one architecture is disassembled."""

    arch: str
    modes: tuple[str, ...]
    """Names in capstone."""
    memory: Callable[[str, str, int, int], tuple[MemoryOperand, ...]]
    """Mnemonic, operands, address, end → memory operands."""
    write: Callable[[str, str, int], tuple[str, int | None]]
    """Mnemonic, operands, address → operands for a person and the target of a direct branch."""
    flow: Callable[[str, str], Flow]
    """Mnemonic, operands → what runs behind."""
    register: Callable[[str], int | None]
    """Name in operands → DWARF number."""
    boundaries: Callable[[bytes, int, int], Iterator[tuple[int, int]]] | None
    """Code, its address, an end → address and length of each instruction; None where only decoding tells."""


_RISC_V = (riscv.memory, riscv.write, riscv.flow, riscv.register, riscv.boundaries)
_SETS = {
    (40, 4): _InstructionSet(
        "CS_ARCH_ARM",
        ("CS_MODE_THUMB", "CS_MODE_MCLASS", "CS_MODE_V8"),
        arm.memory,
        arm.write,
        arm.flow,
        arm.register,
        arm.boundaries,
    ),
    (183, 8): _InstructionSet(
        "CS_ARCH_ARM64",
        ("CS_MODE_LITTLE_ENDIAN",),
        arm64.memory,
        arm64.write,
        arm64.flow,
        arm64.register,
        arm64.boundaries,
    ),
    (243, 4): _InstructionSet("CS_ARCH_RISCV", ("CS_MODE_RISCV32", "CS_MODE_RISCVC"), *_RISC_V),
    (243, 8): _InstructionSet("CS_ARCH_RISCV", ("CS_MODE_RISCV64", "CS_MODE_RISCVC"), *_RISC_V),
    (3, 4): _InstructionSet("CS_ARCH_X86", ("CS_MODE_32",), x86.memory_32, x86.write, x86.flow, x86.register_32, None),
    (62, 8): _InstructionSet("CS_ARCH_X86", ("CS_MODE_64",), x86.memory_64, x86.write, x86.flow, x86.register_64, None),
}
"""By ELF e_machine and bytes of a pointer."""


def can_disassemble(machine: int, pointer_size: int) -> bool:
    """Whether there is a disassembler for an ELF e_machine and a size of pointers in bytes."""
    return (machine, pointer_size) in _SETS


@lru_cache(_KEPT)
def instruction_at(code: bytes, address: int, machine: int, pointer_size: int) -> Instruction | None:
    """The instruction that `code` starts with, memory operands and all; None unless it can be decoded.

    `address` is where the code lies, without instruction set bits.
    """
    one = _SETS.get((machine, pointer_size))
    found = None if one is None else next(_decode(one, code[:MAX_INSTRUCTION], address, 1), None)
    if one is None or found is None:
        return None
    return _instruction(one, code, found)


def register_named(name: str, machine: int, pointer_size: int) -> int | None:
    """DWARF number of a register by its name in an instruction's operands; None for what is none that counts."""
    one = _SETS.get((machine, pointer_size))
    return None if one is None else one.register(name)


def instructions_of(code: bytes, start: int, machine: int, pointer_size: int) -> tuple[Instruction, ...]:
    """All of a function, which lies at `start`; empty where it is too long."""
    one = _SETS.get((machine, pointer_size))
    if one is None or len(code) > MAX_FUNCTION:
        return ()
    return tuple(_instructions(one, code, start, _boundaries(one, code, start, start + len(code))))


@lru_cache(_KEPT)
def straight_line(code: bytes, start: int, pc: int, machine: int, pointer_size: int) -> tuple[Instruction, ...]:
    """The instructions that have run right before `pc` for certain, in order.

    `code` is the whole function and lies at `start`. Nothing in the function leads into the middle of what is given;
    where it cannot be told, as behind a jump to a computed address, nothing is.
    """
    everything = instructions_of(code, start, machine, pointer_size)
    here = next((number for number, each in enumerate(everything) if each.address == pc), None)
    if here is None or any(each.flow is Flow.COMPUTED for each in everything):
        return ()
    goals = {each.target for each in everything if each.flow is not Flow.CALL}
    first = here
    while first and everything[first].address not in goals:
        before = everything[first - 1]
        if before.flow is Flow.LEAVE or before.end != everything[first].address or not before.mnemonic:
            break
        first -= 1
    return everything[first:here]


@lru_cache(_KEPT)
def listing(
    code: bytes, start: int, pc: int, machine: int, pointer_size: int, *, before: int = 5, after: int = 3
) -> tuple[Instruction, ...]:
    """The instructions around `pc`, which is among them. Empty where there are none.

    `code` lies at `start`, the entry of the function around pc, so that the instructions before it can be found; where
    that is too far away, or what is between is no code, the listing begins at pc.
    """
    one = _SETS.get((machine, pointer_size))
    if one is None or not start <= pc < start + len(code):
        return ()
    behind = pc + (after + 1) * MAX_INSTRUCTION
    bounds = _boundaries(one, code, start, behind) if pc - start <= MAX_BEFORE else []
    here = next((number for number, (address, _) in enumerate(bounds) if address == pc), None)
    if here is None:
        code, start, here = code[pc - start :], pc, 0
        bounds = _boundaries(one, code, start, behind) or [(pc, len(code[:1]))]
    bounds = bounds[max(0, here - before - _CONDITIONAL) : here + 1 + after]
    found = list(_instructions(one, code, start, bounds))
    here = next(number for number, each in enumerate(found) if each.address == pc)
    return tuple(found[max(0, here - before) :])


def _boundaries(one: _InstructionSet, code: bytes, start: int, end: int) -> list[tuple[int, int]]:
    if one.boundaries is not None:
        return list(one.boundaries(code, start, end))
    return [(address, size) for address, size, _, _ in _decode(one, code[: end - start], start, 0)]


def _instructions(
    one: _InstructionSet, code: bytes, start: int, bounds: Sequence[tuple[int, int]]
) -> Iterator[Instruction]:
    """What is at each of the boundaries, whether it can be decoded or not."""
    texts: dict[int, Instruction] = {}
    for address, _ in bounds:
        if address not in texts:
            # As far as the code goes without a gap: conditions of Thumb come from the instructions before.
            for found in _decode(one, code[address - start :], address, _gapless(address, bounds)):
                texts[found[0]] = _instruction(one, code[found[0] - start :], found)
    for address, size in bounds:
        content = code[address - start : address - start + size]
        yield texts.get(address) or Instruction(address, content, "", "")


def _instruction(one: _InstructionSet, code: bytes, decoded: tuple[int, int, str, str]) -> Instruction:
    address, size, mnemonic, operands = decoded
    text, target = one.write(mnemonic, operands, address)
    memory = one.memory(mnemonic, operands, address, address + size)
    return Instruction(address, code[:size], mnemonic, text, target, memory, one.flow(mnemonic, operands))


def _gapless(address: int, bounds: Iterable[tuple[int, int]]) -> int:
    """How many instructions follow each other from an address on."""
    count = 0
    for at, size in bounds:
        if at == address:
            count += 1
            address += size
    return count


def _decode(one: _InstructionSet, code: bytes, address: int, count: int) -> Iterator[tuple[int, int, str, str]]:
    return _engine(one.arch, one.modes).disasm_lite(code, address, count)


@lru_cache
def _engine(arch: str, modes: tuple[str, ...]) -> "Cs":
    import capstone  # noqa: PLC0415 - a tenth of a second that only those pay who disassemble

    return capstone.Cs(getattr(capstone, arch), sum(getattr(capstone, mode) for mode in modes))
