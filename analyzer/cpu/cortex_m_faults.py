"""Faults of ARM Cortex-M: Zephyr's reason codes and the fault status registers.

Codes: `include/zephyr/arch/arm/arch.h` (`enum k_fatal_error_reason_arch`). Registers: Armv7-M Architecture Reference
Manual (DDI 0403), B3.2.15 to B3.2.18; SFSR and SFAR: Armv8-M Architecture Reference Manual (DDI 0553), D1.2.
"""

from analyzer.cpu.base import Fault, FaultStatus, StatusBit
from analyzer.dump.memory import Memory

_MEMORY, _BUS, _SECURE = ("memory-fault", "Memory fault"), ("bus-fault", "Bus fault"), ("secure-fault", "Secure fault")

_REASONS: dict[int, tuple[str, str, str, str]] = {
    16: (*_MEMORY, "K_ERR_ARM_MEM_GENERIC", "a memory access broke the rules of the memory protection unit"),
    17: ("stack-overflow", "Stack overflow", "K_ERR_ARM_MEM_STACKING", "entering an exception failed to stack"),
    18: (*_MEMORY, "K_ERR_ARM_MEM_UNSTACKING", "leaving an exception failed to unstack"),
    19: (*_MEMORY, "K_ERR_ARM_MEM_DATA_ACCESS", "a load or store went to memory that it may not touch"),
    20: (*_MEMORY, "K_ERR_ARM_MEM_INSTRUCTION_ACCESS", "code was fetched from memory that may not be executed"),
    21: (*_MEMORY, "K_ERR_ARM_MEM_FP_LAZY_STATE_PRESERVATION", "saving the floating point state failed"),
    22: (*_BUS, "K_ERR_ARM_BUS_GENERIC", "the bus answered an access with an error"),
    23: ("stack-overflow", "Stack overflow", "K_ERR_ARM_BUS_STACKING", "entering an exception failed to stack"),
    24: (*_BUS, "K_ERR_ARM_BUS_UNSTACKING", "leaving an exception failed to unstack"),
    25: (*_BUS, "K_ERR_ARM_BUS_PRECISE_DATA_BUS", "the bus answered a load or store with an error"),
    26: (
        *_BUS,
        "K_ERR_ARM_BUS_IMPRECISE_DATA_BUS",
        "the bus answered an earlier, buffered store with an error",
    ),
    27: (*_BUS, "K_ERR_ARM_BUS_INSTRUCTION_BUS", "the bus answered a fetch of code with an error"),
    28: (*_BUS, "K_ERR_ARM_BUS_FP_LAZY_STATE_PRESERVATION", "saving the floating point state failed"),
    29: ("usage-fault", "Usage fault", "K_ERR_ARM_USAGE_GENERIC", "an instruction could not be executed"),
    30: ("divide-by-zero", "Division by zero", "K_ERR_ARM_USAGE_DIV_0", "an integer was divided by zero"),
    31: (
        "unaligned-access",
        "Unaligned access",
        "K_ERR_ARM_USAGE_UNALIGNED_ACCESS",
        "a load or store went to an address that is not a multiple of its size",
    ),
    32: ("stack-overflow", "Stack overflow", "K_ERR_ARM_USAGE_STACK_OVERFLOW", "the stack pointer passed its limit"),
    33: ("no-coprocessor", "Coprocessor not enabled", "K_ERR_ARM_USAGE_NO_COPROCESSOR", "a coprocessor is not there"),
    34: (
        "illegal-exception-return",
        "Illegal exception return",
        "K_ERR_ARM_USAGE_ILLEGAL_EXC_RETURN",
        "an exception returned with an invalid EXC_RETURN",
    ),
    35: (
        "bad-jump",
        "Jump to a bad address",
        "K_ERR_ARM_USAGE_ILLEGAL_EPSR",
        "a jump cleared the Thumb bit, or the status register was damaged",
    ),
    36: (
        "undefined-instruction",
        "Undefined instruction",
        "K_ERR_ARM_USAGE_UNDEFINED_INSTRUCTION",
        "the CPU met an instruction that it does not know",
    ),
    37: (*_SECURE, "K_ERR_ARM_SECURE_GENERIC", "security attribution was broken"),
    38: (*_SECURE, "K_ERR_ARM_SECURE_ENTRY_POINT", "secure code was entered elsewhere than at a gateway"),
    39: (*_SECURE, "K_ERR_ARM_SECURE_INTEGRITY_SIGNATURE", "a secure exception frame has no valid signature"),
    40: (*_SECURE, "K_ERR_ARM_SECURE_EXCEPTION_RETURN", "an exception returned to the wrong security state"),
    41: (*_SECURE, "K_ERR_ARM_SECURE_ATTRIBUTION_UNIT", "non-secure code touched a secure address"),
    42: (*_SECURE, "K_ERR_ARM_SECURE_TRANSITION", "secure code branched to non-secure code in a wrong way"),
    43: (*_SECURE, "K_ERR_ARM_SECURE_LAZY_STATE_PRESERVATION", "saving the floating point state failed"),
    44: (*_SECURE, "K_ERR_ARM_SECURE_LAZY_STATE_ERROR", "the floating point state is inconsistent"),
}

IMPRECISE = 26
FAULTS = {
    code: Fault(kind, label, name, (detail,), imprecise=code == IMPRECISE)
    for code, (kind, label, name, detail) in _REASONS.items()
}

CFSR, HFSR, MMFAR, BFAR = 0xE000ED28, 0xE000ED2C, 0xE000ED34, 0xE000ED38
SFSR, SFAR = 0xE000EDE4, 0xE000EDE8
"""With the Security Extension, seen from secure code; 0 without it, and for non-secure code."""
_MMARVALID, _BFARVALID, _SFARVALID = 1 << 7, 1 << 15, 1 << 6
_CFSR_BITS = {
    0: ("IACCVIOL", "fetch from memory that may not be executed"),
    1: ("DACCVIOL", "load or store that is not allowed"),
    3: ("MUNSTKERR", "unstacking not allowed"),
    4: ("MSTKERR", "stacking not allowed"),
    5: ("MLSPERR", "floating point state preservation not allowed"),
    8: ("IBUSERR", "bus error on a fetch"),
    9: ("PRECISERR", "bus error on a load or store"),
    10: ("IMPRECISERR", "bus error on a buffered store"),
    11: ("UNSTKERR", "bus error on unstacking"),
    12: ("STKERR", "bus error on stacking"),
    13: ("LSPERR", "bus error on floating point state preservation"),
    16: ("UNDEFINSTR", "undefined instruction"),
    17: ("INVSTATE", "invalid EPSR, such as a cleared Thumb bit"),
    18: ("INVPC", "invalid EXC_RETURN"),
    19: ("NOCP", "no such coprocessor"),
    20: ("STKOF", "stack limit passed"),
    24: ("UNALIGNED", "unaligned access"),
    25: ("DIVBYZERO", "division by zero"),
}
_CFSR_REASONS = {
    0: 20,
    1: 19,
    3: 18,
    4: 17,
    5: 21,
    8: 27,
    9: 25,
    10: 26,
    11: 24,
    12: 23,
    13: 28,
    16: 36,
    17: 35,
    18: 34,
    19: 33,
    20: 32,
    24: 31,
    25: 30,
}
"""Bit to reason code, for firmware that does not tell one fault from another."""
_HFSR_BITS = {
    1: ("VECTTBL", "the vector table could not be read"),
    30: ("FORCED", "a fault that could not be handled"),
    31: ("DEBUGEVT", "a debug event"),
}
_SFSR_BITS = {
    0: ("INVEP", "secure code entered elsewhere than at a gateway"),
    1: ("INVIS", "no valid integrity signature in an exception frame"),
    2: ("INVER", "exception returned to the wrong security state"),
    3: ("AUVIOL", "access to memory that the security attribution forbids"),
    4: ("INVTRAN", "branch out of secure code in a wrong way"),
    5: ("LSPERR", "floating point state preservation not allowed"),
    7: ("LSERR", "floating point state inconsistent"),
}
_SFSR_REASONS = {0: 38, 1: 39, 2: 40, 3: 41, 4: 42, 5: 43, 7: 44}


def status(memory: Memory) -> FaultStatus:
    """The fault status registers, as far as the dump holds that memory."""
    cfsr, hfsr, sfsr = (memory.unsigned(address, 4) for address in (CFSR, HFSR, SFSR))
    bits = [
        StatusBit(register, name, meaning)
        for register, value, table in (
            ("CFSR", cfsr, _CFSR_BITS),
            ("SFSR", sfsr, _SFSR_BITS),
            ("HFSR", hfsr, _HFSR_BITS),
        )
        if value
        for bit, (name, meaning) in table.items()
        if value >> bit & 1
    ]
    address = None
    if cfsr is not None and cfsr & _MMARVALID:
        address = memory.unsigned(MMFAR, 4)
    elif cfsr is not None and cfsr & _BFARVALID:
        address = memory.unsigned(BFAR, 4)
    elif sfsr is not None and sfsr & _SFARVALID:
        address = memory.unsigned(SFAR, 4)
    reasons = [
        reason
        for value, table in ((cfsr, _CFSR_REASONS), (sfsr, _SFSR_REASONS))
        if value
        for bit, reason in table.items()
        if value >> bit & 1
    ]
    return FaultStatus(tuple(bits), address, reasons[0] if reasons else None)
