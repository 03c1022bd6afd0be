"""An access to an address that is not a multiple of its size."""

from analyzer.explain.facts import Facts, Note


def unaligned(facts: Facts) -> Note | None:
    """By how much the address is off."""
    if facts.access is None or facts.address is None or not facts.holds("unaligned-access"):
        return None
    # Pairs and lists of registers, and doubles, need no more than words.
    size = min(facts.access.operand.size, 8)
    off = facts.access.address % size
    if not off:
        size, off = 4, facts.access.address % 4
    if not off:
        return None
    return Note("unaligned", f"{facts.number(facts.access.address)} is {off} bytes past a multiple of {size}")
