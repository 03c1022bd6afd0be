"""The memory access that failed, in one sentence."""

from analyzer.explain.facts import Facts
from analyzer.values.member_path import through_pointer


def access_text(facts: Facts, field: str | None) -> str | None:
    """What was accessed and through what; None where no address is known. Without capital and full stop.

    `field` is the one that `reached` tells.
    """
    access, cpu = facts.access, facts.crash.cpu
    if access is None or cpu is None:
        return None if facts.address is None else f"the access went to {facts.number(facts.address)}"
    operand = access.operand
    where = facts.number(facts.address if facts.address is not None else access.address)
    if facts.address is None:
        where = f"somewhere in {where}..{facts.number(access.end - 1)}"
    text = f"{operand.size * operand.count}-byte {operand.direction.value} {where}"
    if operand.base is None or access.base_value is None:
        return text
    offset = _signed(access.address - access.base_value, cpu.pointer_size)
    value = "NULL" if not access.base_value else f"{access.base_value:#x}"
    text += f" through {_base(facts, operand.base)} ({value})"
    if offset:
        text += f" {'+' if offset > 0 else '-'} {abs(offset)}"
    return f"{text}, field `{field}`" if field else text


def reached(facts: Facts) -> tuple[str, str] | None:
    """What was accessed as the source writes it: the expression and the field alone; None unless that is certain."""
    access, pointer, symbols, cpu = facts.access, facts.pointer, facts.crash.symbols, facts.crash.cpu
    if access is None or pointer is None or symbols is None or cpu is None or access.base_value is None:
        return None
    offset = _signed(access.address - access.base_value, cpu.pointer_size)
    found = through_pointer(symbols, pointer.expressions[0], pointer.target, offset, access.operand.size)
    return None if found is None or access.operand.count > 1 else (found[0], found[1])


def _base(facts: Facts, base: int) -> str:
    cpu, pointer = facts.crash.cpu, facts.pointer
    if pointer is not None:
        first, *others = (f"`{expression}`" for expression in pointer.expressions)
        return f"{first}, also {' and '.join(others)}," if others else first
    return cpu.register_names[base] if cpu and base in cpu.register_names else "a register"


def _signed(value: int, size: int) -> int:
    half = 1 << 8 * size - 1
    return (value + half) % (2 * half) - half
