"""Thumb: lengths, registers and memory operands.

Armv7-M Architecture Reference Manual (DDI 0403), chapters A5 and A7.
"""

import re
from collections.abc import Iterator

from analyzer.disassembly.branch import direct_branch
from analyzer.disassembly.instruction import Direction, Flow, Index, MemoryOperand

_NAMES = {**{f"r{number}": number for number in range(13)}, "sb": 9, "sl": 10, "fp": 11, "ip": 12, "sp": 13, "lr": 14}
_SP = 13
_LOAD, _STORE = Direction.LOAD, Direction.STORE

_PLAIN = {
    f"{kind}{size}{variant}": (direction, width)
    for kind, direction in (("ldr", _LOAD), ("str", _STORE))
    for size, width in (("", 4), ("b", 1), ("h", 2))
    for variant in ("", "t")
}
_SINGLE: dict[str, tuple[Direction, int]] = {
    **_PLAIN,
    **{f"ldrs{size}{variant}": (_LOAD, width) for size, width in (("b", 1), ("h", 2)) for variant in ("", "t")},
    **{f"ldrex{size}": (_LOAD, width) for size, width in (("", 4), ("b", 1), ("h", 2))},
    **{f"strex{size}": (_STORE, width) for size, width in (("", 4), ("b", 1), ("h", 2))},
    **{f"{kind}{size}": (_LOAD, width) for kind in ("lda", "ldaex") for size, width in (("", 4), ("b", 1), ("h", 2))},
    **{f"{kind}{size}": (_STORE, width) for kind in ("stl", "stlex") for size, width in (("", 4), ("b", 1), ("h", 2))},
    "tbb": (_LOAD, 1),
    "tbh": (_LOAD, 2),
}
_MULTIPLE = {
    f"{vector}{kind}{order}": direction
    for vector in ("", "v")
    for kind, direction in (("ldm", _LOAD), ("stm", _STORE))
    for order in ("", "ia", "db")
}
_STACK = {"push": _STORE, "vpush": _STORE, "pop": _LOAD, "vpop": _LOAD}
_ADDRESS = re.compile(r"\[(\w+)(?:, #(-?\w+))?(?:, (\w+)(?:, lsl #(\d))?)?\](!)?")
_ALIASES = re.compile(r"\b(sb|sl|fp|ip)\b")
_BRANCH = re.compile(r"(?:bl?x?|b(?:eq|ne|[ch]s|cc|lo|mi|pl|v[sc]|hi|ls|[gl][et])|cbn?z)(?:\.w)?")
_LIST = re.compile(r"\{([^}]*)\}")


def length(code: bytes) -> int:
    """Bytes of the instruction that starts with these two (A5.1)."""
    return 4 if code[1] >> 3 in (0b11101, 0b11110, 0b11111) else 2


def write(mnemonic: str, operands: str, _address: int) -> tuple[str, int | None]:
    """Operands with registers by number, as Zephyr prints them, and where a direct branch goes."""
    named = _ALIASES.sub(lambda found: f"r{_NAMES[found[0]]}", operands)
    return direct_branch(named) if _BRANCH.fullmatch(mnemonic) else (named, None)


def memory(mnemonic: str, operands: str, address: int, _end: int) -> tuple[MemoryOperand, ...]:
    """The memory operand of an instruction; empty where there is none, or none that is sure."""
    name = mnemonic.removesuffix(".w")
    if name in _STACK:
        return _listed(_STACK[name], _SP, operands, down=_STACK[name] is _STORE)
    if name in _MULTIPLE:
        base = _NAMES.get(operands.split(",", maxsplit=1)[0].rstrip("!"))
        return () if base is None else _listed(_MULTIPLE[name], base, operands, down=name.endswith("db"))
    found = _ADDRESS.search(operands)
    kind = _transfer(name, operands)
    if found is None or kind is None:
        return ()
    direction, size, count = kind
    base, displacement, index = found[1], int(found[2] or "0", 16), None
    if found[3] is not None:
        if found[3] not in _NAMES:
            return ()
        index = Index(_NAMES[found[3]], int(found[4] or 0))
    if base == "pc":
        # A table of branches is right behind its instruction; other literals count from an aligned address.
        here = address + 4 if name in ("tbb", "tbh") else (address + 4) & ~3
        return (MemoryOperand(direction, size, None, here + displacement, index, count),)
    if base not in _NAMES:
        return ()
    return (MemoryOperand(direction, size, _NAMES[base], displacement, index, count),)


def flow(mnemonic: str, operands: str) -> Flow:
    """What runs behind an instruction."""
    name = mnemonic.removesuffix(".w")
    if name in ("bl", "blx", "svc", "blxns"):
        return Flow.CALL
    if name in ("b", "udf") or (name in ("bx", "bxns") and operands == "lr") or (name == "pop" and "pc}" in operands):
        return Flow.LEAVE
    if name in ("bx", "bxns", "tbb", "tbh") or operands.startswith("pc,") or ("pc}" in operands and name != "push"):
        return Flow.COMPUTED
    return Flow.NEXT


def register(name: str) -> int | None:
    """DWARF number of a register that addresses are made of."""
    return _NAMES.get(name)


def _transfer(name: str, operands: str) -> tuple[Direction, int, int] | None:
    """Direction, size and number of transfers of an instruction with one address."""
    if name in _SINGLE:
        return (*_SINGLE[name], 1)
    if name in ("ldrd", "strd"):
        return _LOAD if name == "ldrd" else _STORE, 4, 2
    if name in ("vldr", "vstr"):
        width = {"s": 4, "d": 8}.get(operands[:1])
        return None if width is None else (_LOAD if name == "vldr" else _STORE, width, 1)
    return None


def _listed(direction: Direction, base: int, operands: str, *, down: bool) -> tuple[MemoryOperand, ...]:
    """A list of registers, from the base on upwards, or ending below it."""
    found = _LIST.search(operands)
    if found is None:
        return ()
    registers = found[1].split(", ")
    size = 8 if registers[0].startswith("d") else 4
    return (MemoryOperand(direction, size, base, -size * len(registers) if down else 0, None, len(registers)),)


def boundaries(code: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Address and length of each instruction from a function's start on.

    What the function itself loads relative to its program counter is data, and so are the tables of its switches.
    """
    data: set[int] = set()
    position = 0
    while position + 2 <= len(code) and start + position < end:
        address = start + position
        if address in data:
            position += 4
            continue
        size = length(code[position : position + 2])
        yield address, size
        first = int.from_bytes(code[position : position + 2], "little")
        second = int.from_bytes(code[position + 2 : position + 4], "little")
        if first >> 11 == 0b01001:  # LDR (literal), 16 bits
            data.add(((address + 4) & ~3) + 4 * (first & 0xFF))
        elif first & 0xFF7F == 0xF85F:  # LDR (literal), 32 bits
            offset = second & 0xFFF
            data.add(((address + 4) & ~3) + (offset if first >> 7 & 1 else -offset))
        position += size
        if first == 0xE8DF and second & 0xFFE0 == 0xF000:  # TBB and TBH with the table right behind
            position = _behind_table(code, position, 2 if second & 0x10 else 1)


def _behind_table(code: bytes, start: int, width: int) -> int:
    """Where the code goes on behind a table of branches: at the nearest of its targets (A7.7.185)."""
    position, nearest = start, len(code)
    while position + width <= nearest:
        goal = start + 2 * int.from_bytes(code[position : position + width], "little")
        position += width
        if goal >= position:  # what leads into the table itself only fills it up
            nearest = min(nearest, goal)
    return nearest
