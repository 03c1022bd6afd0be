"""A store to memory that the firmware only reads."""

from analyzer.disassembly import Direction
from analyzer.explain.facts import ACCESS_KINDS, Facts, Note
from analyzer.explain.rules.null_pointer import NULL_PAGE


def read_only(facts: Facts) -> Note | None:
    """The address of a store is in a section of code or of constants."""
    symbols, address, access = facts.crash.symbols, facts.address, facts.access
    if symbols is None or address is None or access is None or address < NULL_PAGE or not facts.holds(*ACCESS_KINDS):
        return None
    if access.operand.direction is Direction.LOAD:
        return None
    if symbols.is_code(address):
        return Note("read-only", f"{facts.number(address)} is in the firmware's code, which cannot be written")
    if symbols.read_only(address, 1) is None:
        return None
    return Note("read-only", f"{facts.number(address)} is in the firmware's constants, which cannot be written")
