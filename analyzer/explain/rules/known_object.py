"""An access inside something that has a name."""

from analyzer.explain.facts import ACCESS_KINDS, Facts, Note
from analyzer.explain.rules.null_pointer import NULL_PAGE
from analyzer.explain.source_pointer import global_at


def known_object(facts: Facts) -> Note | None:
    """The address is in a function or variable of the firmware."""
    symbols, address = facts.crash.symbols, facts.address
    if symbols is None or address is None or address < NULL_PAGE or not facts.holds(*ACCESS_KINDS):
        return None
    symbol = symbols.symbol_at(address)
    if symbol is None or not symbol.size or not symbol.address <= address < symbol.address + symbol.size:
        return None
    size = facts.access.operand.size if facts.access else 1
    member = None if symbol.is_function else global_at(symbols, address, size)
    offset = address - symbol.address
    name = member[0] if member else f"{symbol.name} + {offset}" if offset else symbol.name
    return Note("known-object", f"{facts.number(address)} is {name}")
