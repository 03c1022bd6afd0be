"""One file per CPU architecture behind one small interface."""

from analyzer.cpu.arm64 import Arm64
from analyzer.cpu.base import (
    UNKNOWN_INTERRUPT,
    Context,
    Cpu,
    CrashContexts,
    ExceptionReturn,
    FieldOf,
    SavedThread,
    StatusBit,
    WindowedCaller,
    no_fields,
)
from analyzer.cpu.cortex_m import CortexM
from analyzer.cpu.risc_v import RiscV
from analyzer.cpu.x86 import X86
from analyzer.cpu.x86_64 import X8664
from analyzer.cpu.xtensa import Xtensa
from analyzer.dump.model import Target

__all__ = [
    "UNKNOWN_INTERRUPT",
    "X86",
    "X8664",
    "Arm64",
    "Context",
    "CortexM",
    "Cpu",
    "CrashContexts",
    "ExceptionReturn",
    "FieldOf",
    "RiscV",
    "SavedThread",
    "StatusBit",
    "WindowedCaller",
    "Xtensa",
    "cpu_for",
    "no_fields",
    "target_name",
]

_CPUS: dict[tuple[int, int], Cpu] = {
    (Target.ARM_CORTEX_M, 4): CortexM(),
    (Target.ARM64, 8): Arm64(),
    (Target.XTENSA, 4): Xtensa(),
    (Target.RISC_V, 4): RiscV(4),
    (Target.RISC_V, 8): RiscV(8),
    (Target.X86, 4): X86(),
    (Target.X86_64, 8): X8664(),
}
"""By target code and bytes of a pointer."""
_MACHINES = {
    3: Target.X86,
    40: Target.ARM_CORTEX_M,
    62: Target.X86_64,
    94: Target.XTENSA,
    183: Target.ARM64,
    243: Target.RISC_V,
}
"""ELF e_machine to target code."""
_NAMES: dict[int, str] = {
    Target.X86: "x86",
    Target.X86_64: "x86-64",
    Target.ARM_CORTEX_M: "ARM Cortex-M",
    Target.RISC_V: "RISC-V",
    Target.XTENSA: "Xtensa",
    Target.ARM64: "ARM64",
}


def cpu_for(target: int | None, machine: int | None, pointer_size: int) -> Cpu | None:
    """The CPU of a dump's target code, else of an ELF's e_machine where the dump's header never arrived."""
    if target is None and machine is not None:
        target = _MACHINES.get(machine)
    return None if target is None else _CPUS.get((target, pointer_size))


def target_name(target: int | None) -> str:
    """A target code for a person."""
    if target is None:
        return "unknown architecture"
    return _NAMES.get(target) or f"architecture {target}"
