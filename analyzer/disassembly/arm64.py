"""AArch64: registers and memory operands (Arm Architecture Reference Manual, DDI 0487, C3.2)."""

import re
from collections.abc import Iterator

from analyzer.disassembly.branch import direct_branch
from analyzer.disassembly.instruction import Direction, Flow, Index, MemoryOperand

_LOAD, _STORE, _UPDATE = Direction.LOAD, Direction.STORE, Direction.UPDATE
_ADDRESS = re.compile(r"\[(\w+)(?:, #(-?\w+))?(?:, (\w+)(?:, (lsl|sxtw|uxtw|sxtx)(?: #(\d))?)?)?\]")
_SINGLE = re.compile(
    r"(ld|st)(?:t|u|x|ax|lx|a|l|la|ll|ap|apu|lu)?(?:r|ur|tr|xr|axr|lxr|ar|lr|apr|lar|llr)(b|h|sb|sh|sw)?"
)
_PAIR = re.compile(r"(ld|st)(?:n|x|ax|lx)?p(sw)?")
_ATOMIC = re.compile(r"(?:(?:ld|st)(?:add|clr|set|eor|smax|smin|umax|umin)|swp|cas)(?:a|al|l)?(b|h)?")
_SIZES = {"b": 1, "h": 2, "sb": 1, "sh": 2, "sw": 4}
_WIDTHS = {"w": 4, "x": 8, "b": 1, "h": 2, "s": 4, "d": 8, "q": 16}
_BRANCH = re.compile(r"bl?|b\.\w\w|cbn?z|tbn?z")
_LITERAL = re.compile(r"#(0x[0-9a-f]+|\d+)$")


def register(name: str) -> int | None:
    """DWARF number of a 64-bit register, or of the lower half of one; None for the zero register."""
    named = {"sp": 31, "wsp": 31, "fp": 29, "lr": 30}.get(name)
    if named is not None:
        return named
    return int(name[1:]) if name[:1] in ("x", "w") and name[1:].isdigit() else None


def memory(mnemonic: str, operands: str, _address: int, _end: int) -> tuple[MemoryOperand, ...]:
    """The memory operand of an instruction; empty where there is none, or none that is sure."""
    names = operands.split(", ")
    kind = _transfer(mnemonic, names)
    if kind is None:
        return ()
    direction, size, count = kind
    found = _ADDRESS.search(operands)
    if found is None:
        literal = _LITERAL.search(operands) if mnemonic in ("ldr", "ldrsw") else None
        return () if literal is None else (MemoryOperand(direction, size, None, int(literal[1], 0)),)
    base = register(found[1])
    if base is None:
        return ()
    index = None
    if found[3] is not None and found[3] not in ("xzr", "wzr"):
        number = register(found[3])
        if number is None:
            return ()
        extend = found[4] if found[4] in ("sxtw", "uxtw") else ""
        index = Index(number, int(found[5] or 0), extend)
    return (MemoryOperand(direction, size, base, int(found[2] or "0", 0), index, count),)


def write(mnemonic: str, operands: str, _address: int) -> tuple[str, int | None]:
    """Operands for a person, and where a direct branch goes."""
    return direct_branch(operands) if _BRANCH.fullmatch(mnemonic) else (operands, None)


def flow(mnemonic: str, _operands: str) -> Flow:
    """What runs behind an instruction."""
    if mnemonic in ("bl", "svc", "hvc", "smc") or mnemonic.startswith("blr"):
        return Flow.CALL
    if mnemonic in ("b", "eret", "udf", "brk") or mnemonic.startswith("ret"):
        return Flow.LEAVE
    return Flow.COMPUTED if mnemonic in ("br", "braa", "brab", "braaz", "brabz") else Flow.NEXT


def _transfer(mnemonic: str, names: list[str]) -> tuple[Direction, int, int] | None:
    """Direction, size and number of transfers."""
    atomic = _ATOMIC.fullmatch(mnemonic)
    if atomic is not None:
        size = _SIZES.get(atomic[1]) if atomic[1] else _WIDTHS.get(names[0][:1])
        return None if size is None else (_UPDATE, size, 1)
    pair = _PAIR.fullmatch(mnemonic)
    # An exclusive store's first operand is its outcome.
    data = names[1:] if mnemonic.startswith(("stx", "stlx")) else names
    width = _WIDTHS.get(data[0][:1]) if data else None
    if pair is not None and width is not None:
        return _LOAD if pair[1] == "ld" else _STORE, 4 if pair[2] else width, 2
    single = _SINGLE.fullmatch(mnemonic)
    if single is None or width is None:
        return None
    size = _SIZES.get(single[2], width) if single[2] else width
    return _LOAD if single[1] == "ld" else _STORE, size, 1


def boundaries(code: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Address and length of each instruction."""
    return ((address, 4) for address in range(start, min(end, start + len(code) - 3), 4))
