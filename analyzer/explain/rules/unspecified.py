"""A CPU exception of which nothing but the instruction tells what it was.

Armv6-M has no fault status registers. Zephyr does not dump ESR_EL1 of AArch64, and those of Armv7-M only if told to.
Instructions that are there to fail: Armv7-M Architecture Reference Manual (DDI 0403), A7.7; Arm Architecture Reference
Manual (DDI 0487), C6.2.
"""

from analyzer.disassembly import Instruction
from analyzer.explain.facts import Facts, Note, judged

_TRAPS = {
    "brk": ("breakpoint", "Breakpoint", "the program ran into a BRK, as a trap of the compiler's is one"),
    "bkpt": ("breakpoint", "Breakpoint", "the program ran into a BKPT, which needs a debugger"),
    "udf": ("undefined-instruction", "Undefined instruction", "the program ran into an UDF, which never is defined"),
}
_EM_ARM, _EM_AARCH64 = 40, 183


def unspecified(facts: Facts) -> Note | None:
    """What the instruction can have done to raise an exception."""
    instruction, cpu = facts.instruction, facts.crash.cpu
    if instruction is None or cpu is None or facts.imprecise or not facts.holds("cpu-exception"):
        return None
    if cpu.machine not in (_EM_ARM, _EM_AARCH64):
        return None
    trap = _TRAPS.get(instruction.mnemonic.removesuffix(".w"))
    if trap is not None:
        return judged("unspecified", *trap)
    if not instruction.memory or _may_want_unit(instruction, cpu.machine):
        return None
    return judged("unspecified", "memory-fault", "Memory fault", "the CPU raised an exception at a load or store")


def _may_want_unit(instruction: Instruction, machine: int) -> bool:
    """Whether it moves floating point registers, which fails as well where their unit is not enabled."""
    if machine == _EM_AARCH64:
        return not instruction.operands.startswith(("w", "x", "fp", "lr", "sp"))
    return instruction.mnemonic.startswith("v")
