"""An access to a peripheral that does not answer."""

from analyzer.explain.facts import Facts, Note

_EM_ARM = 40
_FIRST, _LAST = 0x40000000, 0x5FFFFFFF
"""Armv7-M Architecture Reference Manual (DDI 0403), table B3-1."""


def peripheral(facts: Facts) -> Note | None:
    """A bus fault in the address range of Cortex-M's peripherals."""
    cpu, address = facts.crash.cpu, facts.address
    if cpu is None or address is None or cpu.machine != _EM_ARM:
        return None
    if not _FIRST <= address <= _LAST or not facts.holds("bus-fault"):
        return None
    return Note(
        "peripheral",
        f"{address:#010x} is where peripherals are: the one there may have no clock or power, or may not exist",
    )
