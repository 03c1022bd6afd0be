"""x86: memory operands in Intel's notation (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2).

Zephyr's segments are flat but for FS and GS, whose base no dump tells.
"""

import re

from analyzer.disassembly.branch import direct_branch
from analyzer.disassembly.instruction import Direction, Flow, Index, MemoryOperand

_LOAD, _STORE, _UPDATE = Direction.LOAD, Direction.STORE, Direction.UPDATE
_NUMBERS_32 = {"eax": 0, "ecx": 1, "edx": 2, "ebx": 3, "esp": 4, "ebp": 5, "esi": 6, "edi": 7}
_NUMBERS_64 = {"rax": 0, "rdx": 1, "rcx": 2, "rbx": 3, "rsi": 4, "rdi": 5, "rbp": 6, "rsp": 7}
_NUMBERS_64.update({f"r{number}": number for number in range(8, 16)})
_SIZES = {"byte": 1, "word": 2, "dword": 4, "qword": 8, "tbyte": 10, "xword": 10, "xmmword": 16, "ymmword": 32}
_OPERAND = re.compile(r"(?:(\w+) ptr )?(?:(\w\w):)?\[([^\]]*)\]")
_PART = re.compile(r"(?:^| ([+-]) )(?:(\w+)\*(\d)|(-?\w+))")
_BRANCH = re.compile(r"j\w+|call|loop\w*")
_TARGET = re.compile(r"0x[0-9a-f]+|\d+")
_HIDDEN = re.compile(
    r"call|lcall|int\w*|sysc\w+|syse\w+|i?mul|i?div|c[bwdq]\w{1,3}|xchg|xadd|cmpxchg\w*|cpuid|rd\w+"
    r"|leave|enter|push\w*|pop\w*|movs[bwdq]|stos\w|lods\w|scas\w|cmps[bwdq]|ins\w|outs\w|loop\w*"
)
"""Instructions that change registers that their text does not name."""
_UNTOUCHED = re.compile(r"lea|nop|invlpg|prefetch\w+")
_READ = re.compile(
    r"cmp|cmps\w|test|bt|push|call|jmp|i?mul|i?div|fld\w*|fild|fadd|fsub\w*|fmul|fdiv\w*|fi\w+|fcom\w*|frstor|fxrstor\w*"
    r"|ldmxcsr|lgdt|lidt|lldt|ltr|xrstor\w*|lods\w|scas\w|outs\w|verr|verw"
)
_WRITTEN = re.compile(
    r"v?mov\w*|set\w+|pop|fst\w*|fist\w*|fnst\w*|fxsave\w*|fnsave|stmxcsr|sgdt|sidt|sldt|smsw|str|xsave\w*|stos\w|ins\w"
)


def memory_32(mnemonic: str, operands: str, address: int, end: int) -> tuple[MemoryOperand, ...]:
    """The memory operands of an instruction, the ones on the stack that are not written included."""
    return _memory(mnemonic, operands, (address, end), 4)


def memory_64(mnemonic: str, operands: str, address: int, end: int) -> tuple[MemoryOperand, ...]:
    """The same in 64-bit mode."""
    return _memory(mnemonic, operands, (address, end), 8)


def write(mnemonic: str, operands: str, _address: int) -> tuple[str, int | None]:
    """Operands for a person, and where a direct branch goes."""
    return direct_branch(operands) if _BRANCH.fullmatch(mnemonic) else (operands, None)


def flow(mnemonic: str, operands: str) -> Flow:
    """What runs behind an instruction; one that changes registers that it does not name counts as a call."""
    name = mnemonic.rsplit(" ", 1)[-1]
    if name in ("jmp", "ljmp"):
        return Flow.LEAVE if _TARGET.fullmatch(operands) else Flow.COMPUTED
    if name.startswith(("ret", "iret")) or name in ("ud2", "hlt", "sysret", "sysexit"):
        return Flow.LEAVE
    return Flow.CALL if " " in mnemonic or _HIDDEN.fullmatch(name) else Flow.NEXT


def register_32(name: str) -> int | None:
    """DWARF number of the register that a name is the whole or a part of."""
    return _PARTS_32.get(name)


def register_64(name: str) -> int | None:
    """The same in 64-bit mode, where the numbers are others."""
    return _PARTS_64.get(name)


def _parts(numbers: dict[str, int]) -> dict[str, int]:
    """The registers by the names of all their parts: `rax`, `eax`, `ax`, `al`, `ah`."""
    found: dict[str, int] = {}
    for name, number in numbers.items():
        if name[1:].isdigit():
            found.update(dict.fromkeys((name, f"{name}d", f"{name}w", f"{name}b"), number))
        else:
            short = name[1:]
            found.update(dict.fromkeys((name, f"e{short}", short, f"{short}l"), number))
            if short.endswith("x"):
                found.update(dict.fromkeys((f"{short[0]}l", f"{short[0]}h"), number))
    return found


_PARTS_32, _PARTS_64 = _parts(_NUMBERS_32), _parts(_NUMBERS_64)


def _memory(mnemonic: str, operands: str, place: tuple[int, int], pointer: int) -> tuple[MemoryOperand, ...]:
    numbers = _NUMBERS_64 if pointer == 8 else _NUMBERS_32
    name = mnemonic.rsplit(" ", 1)[-1]
    if _UNTOUCHED.fullmatch(name):
        return ()
    found: list[MemoryOperand] = []
    for match in _OPERAND.finditer(operands):
        size = _SIZES.get(match[1] or "")
        direction = _LOAD if match.start() else _first_operand(name)
        one = None if size is None else _address(match, direction, size, numbers, place[1])
        if one is None:
            return ()  # what is there is not known, so that it cannot be told from the others
        found.append(one)
    return (*found, *_on_stack(name, numbers, pointer))


def _first_operand(name: str) -> Direction:
    """What happens to memory that is an instruction's first operand."""
    return _LOAD if _READ.fullmatch(name) else _STORE if _WRITTEN.fullmatch(name) else _UPDATE


def _address(
    match: re.Match[str], direction: Direction, size: int, numbers: dict[str, int], end: int
) -> MemoryOperand | None:
    if match[2] in ("fs", "gs"):
        return None
    base, index, displacement = None, None, 0
    for sign, scaled, scale, plain in _PART.findall(match[3]):
        if scaled:
            if scaled not in numbers:
                return None
            index = Index(numbers[scaled], int(scale).bit_length() - 1)
        elif plain in ("rip", "eip"):
            displacement += end
        elif plain in numbers and base is None:
            base = numbers[plain]
        elif plain in numbers and index is None:
            index = Index(numbers[plain])
        elif plain.lstrip("-")[:1].isdigit():
            displacement += int(plain, 0) * (-1 if sign == "-" else 1)
        else:
            return None
    return MemoryOperand(direction, size, base, displacement, index)


def _on_stack(name: str, numbers: dict[str, int], pointer: int) -> tuple[MemoryOperand, ...]:
    """What an instruction does to the stack without saying so."""
    top, frame = ("rsp", "rbp") if pointer == 8 else ("esp", "ebp")
    if name in ("push", "call", "pushfd", "pushfq"):
        return (MemoryOperand(_STORE, pointer, numbers[top], -pointer),)
    if name in ("pop", "ret", "popfd", "popfq"):
        return (MemoryOperand(_LOAD, pointer, numbers[top]),)
    return (MemoryOperand(_LOAD, pointer, numbers[frame]),) if name == "leave" else ()
