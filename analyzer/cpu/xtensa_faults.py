"""Exceptions of Xtensa, by EXCCAUSE (Xtensa Instruction Set Architecture Reference Manual, 4.4.1.5).

Cause 63 is one that Zephyr raises itself, for `k_oops()` and `k_panic()` (`arch/xtensa/include/xtensa_internal.h`).
"""

from analyzer.cpu.base import Fault, FaultStatus

SOFTWARE = 63
_MEMORY = ("memory-fault", "Memory fault")
_BUS = ("bus-fault", "Bus fault")
_COPROCESSOR = ("no-coprocessor", "Coprocessor not enabled")

_CAUSES: dict[int, tuple[str, str, str, str]] = {
    0: ("undefined-instruction", "Undefined instruction", "IllegalInstruction", "the CPU met an illegal instruction"),
    1: ("system-call", "System call", "Syscall", "SYSCALL was executed where nothing handles it"),
    2: (*_BUS, "InstructionFetchError", "the bus answered a fetch of code with an error"),
    3: (*_BUS, "LoadStoreError", "the bus answered a load or store with an error"),
    4: ("spurious-interrupt", "Unhandled interrupt", "Level1Interrupt", "a level 1 interrupt had no handler"),
    5: ("usage-fault", "Window fault", "Alloca", "MOVSP needed a register window that was spilled"),
    6: ("divide-by-zero", "Division by zero", "IntegerDivideByZero", "an integer was divided by zero"),
    8: ("privilege", "Privileged instruction", "Privileged", "user code executed a privileged instruction"),
    9: ("unaligned-access", "Unaligned access", "LoadStoreAlignment", "an access was not aligned to its size"),
    12: (*_BUS, "InstrPIFDataError", "the bus answered a fetch of code with a data error"),
    13: (*_BUS, "LoadStorePIFDataError", "the bus answered a load or store with a data error"),
    14: (*_BUS, "InstrPIFAddrError", "the bus knows no memory where code was fetched"),
    15: (*_BUS, "LoadStorePIFAddrError", "the bus knows no memory where a load or store went"),
    16: (*_MEMORY, "InstTLBMiss", "code was fetched from memory that is not mapped"),
    17: (*_MEMORY, "InstTLBMultiHit", "code was fetched from memory that is mapped twice"),
    18: (*_MEMORY, "InstFetchPrivilege", "user code jumped into privileged memory"),
    20: (*_MEMORY, "InstFetchProhibited", "code was fetched from memory that may not be executed"),
    24: (*_MEMORY, "LoadStoreTLBMiss", "a load or store went to memory that is not mapped"),
    25: (*_MEMORY, "LoadStoreTLBMultiHit", "a load or store went to memory that is mapped twice"),
    26: (*_MEMORY, "LoadStorePrivilege", "user code touched privileged memory"),
    28: (*_MEMORY, "LoadProhibited", "a load went to memory that may not be read"),
    29: (*_MEMORY, "StoreProhibited", "a store went to memory that may not be written"),
    **{
        32 + number: (*_COPROCESSOR, f"Coprocessor{number}Disabled", f"coprocessor {number} is off")
        for number in range(8)
    },
}
_WITH_ADDRESS = frozenset({2, 3, 9, *range(12, 19), 20, *range(24, 27), 28, 29})
"""Causes for which EXCVADDR holds the address of the access."""


def describe(cause: int | None, address: int | None) -> FaultStatus | None:
    """What EXCCAUSE and EXCVADDR say about a fault; None where they say nothing."""
    if cause is None or cause not in _CAUSES:
        return None
    kind, label, name, detail = _CAUSES[cause]
    return FaultStatus(address=address if cause in _WITH_ADDRESS else None, fault=Fault(kind, label, name, (detail,)))
