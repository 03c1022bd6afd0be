"""An access to an address where the firmware knows no memory."""

from analyzer.explain.facts import ACCESS_KINDS, Facts, Note
from analyzer.explain.rules.null_pointer import NULL_PAGE
from analyzer.explain.rules.peripheral import peripheral


def no_memory(facts: Facts) -> Note | None:
    """The address is in neither the RAM that the linker laid out nor the image."""
    symbols, address = facts.crash.symbols, facts.address
    if symbols is None or address is None or address < NULL_PAGE or not facts.holds(*ACCESS_KINDS):
        return None
    start, end = symbols.symbol("_image_ram_start"), symbols.symbol("_image_ram_end")
    if start is None or end is None or start.address <= address < end.address or peripheral(facts) is not None:
        return None
    if facts.crash.memory.read(address, 1) is not None or symbols.is_code(address):
        return None
    return Note("no-memory", f"{facts.number(address)} is in no memory that this firmware uses")
