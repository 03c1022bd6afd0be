"""An address that the CPU cannot have.

x86-64: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, 3.3.7.1. AArch64: Arm Architecture
Reference Manual (DDI 0487), D8.2.
"""

from analyzer.explain.facts import ACCESS_KINDS, Facts, Note

_UPPER = {62: 47, 183: 48}
"""ELF e_machine to the lowest of the bits that all have to be equal."""


def non_canonical(facts: Facts) -> Note | None:
    """The upper bits of the address that was computed are not all equal."""
    cpu, access = facts.crash.cpu, facts.access
    lowest = None if cpu is None else _UPPER.get(cpu.machine)
    if access is None or lowest is None or not facts.holds(*ACCESS_KINDS):
        return None
    upper = access.address >> lowest
    if upper in (0, (1 << 64 - lowest) - 1):
        return None
    return Note("non-canonical", f"{facts.number(access.address)} is no address that this CPU can have")
