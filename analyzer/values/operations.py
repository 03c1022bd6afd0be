"""Operations of DWARF expressions (DWARF 5, section 2.5.1; numbers in table 7.9), made ready to run.

Every operation becomes a function over the stack, with its operands decoded once. Here are those that work on the
stack alone, and the numbers of all.
"""

from collections.abc import Callable

from analyzer.values import frame_operations as of_frame
from analyzer.values.arithmetic import BINARY, COMPARISON, BadExpression, Number, binary, compare, convert
from analyzer.values.operands import Operands
from analyzer.values.place import Unknown
from analyzer.values.stack_machine import Frame, Operation, Stack, as_entry, as_number


def constant(value: int) -> Operation:
    """Push a number."""

    def run(stack: Stack, _frame: Frame) -> None:
        stack.append(value)

    return run


def _binary(opcode: int, operands: Operands) -> Operation:
    generic = operands.generic

    def run(stack: Stack, _frame: Frame) -> None:
        right, left = as_number(stack.pop(), generic), as_number(stack.pop(), generic)
        stack.append(as_entry(binary(opcode, left, right)))

    return run


def _sum(operands: Operands) -> Operation:
    slow, mask = _binary(0x22, operands), operands.mask

    def run(stack: Stack, frame: Frame) -> None:
        right, left = stack[-1], stack[-2]
        if isinstance(left, int) and isinstance(right, int):
            stack[-2:] = [left + right & mask]
        else:
            slow(stack, frame)

    return run


def _compare(opcode: int, operands: Operands) -> Operation:
    generic = operands.generic

    def run(stack: Stack, _frame: Frame) -> None:
        right, left = as_number(stack.pop(), generic), as_number(stack.pop(), generic)
        stack.append(int(compare(opcode, left, right)))

    return run


def _unary(operands: Operands, change: Callable[[Number], int | float]) -> Operation:
    generic = operands.generic

    def run(stack: Stack, _frame: Frame) -> None:
        number = as_number(stack.pop(), generic)
        stack.append(as_entry(number.kind.wrap(change(number))))

    return run


def _magnitude(number: Number) -> int | float:
    return abs(number.signed() if number.kind.generic else number.value)


def _plus_constant(operands: Operands) -> Operation:
    value, mask = operands.unsigned(), operands.mask

    def run(stack: Stack, _frame: Frame) -> None:
        entry = stack[-1]
        if isinstance(entry, int):
            stack[-1] = entry + value & mask
        else:
            stack[-1] = entry.kind.wrap(entry.value + value)

    return run


def _pick(depth: int) -> Operation:
    def run(stack: Stack, _frame: Frame) -> None:
        stack.append(stack[-1 - depth])

    return run


def _drop(stack: Stack, _frame: Frame) -> None:
    stack.pop()


def _swap(stack: Stack, _frame: Frame) -> None:
    stack[-1], stack[-2] = stack[-2], stack[-1]


def _rotate(stack: Stack, _frame: Frame) -> None:
    stack[-1], stack[-2], stack[-3] = stack[-2], stack[-3], stack[-1]


def _nothing(_stack: Stack, _frame: Frame) -> None:
    """DW_OP_nop."""


def _constant_of_type(operands: Operands) -> Operation:
    kind = operands.kind()
    content = operands.take(operands.fixed(1))
    if len(content) != kind.size:
        raise BadExpression("An expression holds a constant that is not of its type's size.")
    value = as_entry(kind.from_bytes(content))

    def run(stack: Stack, _frame: Frame) -> None:
        stack.append(value)

    return run


def _convert(operands: Operands) -> Operation:
    kind, generic = operands.kind(), operands.generic

    def run(stack: Stack, _frame: Frame) -> None:
        stack[-1] = as_entry(convert(as_number(stack[-1], generic), kind))

    return run


def _reinterpret(operands: Operands) -> Operation:
    kind, generic = operands.kind(), operands.generic

    def run(stack: Stack, _frame: Frame) -> None:
        number = as_number(stack[-1], generic)
        if kind.size != number.kind.size:
            raise BadExpression("An expression reinterprets a number as one of another size.")
        stack[-1] = as_entry(kind.from_bytes(number.content()))

    return run


_MAKERS: dict[int, Callable[[Operands], Operation]] = {
    0x03: lambda operands: constant(operands.fixed(operands.types.pointer_size)),
    0x06: lambda operands: of_frame.dereference(operands.types.pointer_size),
    0x08: lambda operands: constant(operands.fixed(1)),
    0x09: lambda operands: constant(operands.fixed(1, signed=True) & operands.mask),
    0x0A: lambda operands: constant(operands.fixed(2)),
    0x0B: lambda operands: constant(operands.fixed(2, signed=True) & operands.mask),
    0x0C: lambda operands: constant(operands.fixed(4)),
    0x0D: lambda operands: constant(operands.fixed(4, signed=True) & operands.mask),
    0x0E: lambda operands: constant(operands.fixed(8) & operands.mask),
    0x0F: lambda operands: constant(operands.fixed(8, signed=True) & operands.mask),
    0x10: lambda operands: constant(operands.unsigned() & operands.mask),
    0x11: lambda operands: constant(operands.signed() & operands.mask),
    0x12: lambda _operands: _pick(0),
    0x13: lambda _operands: _drop,
    0x14: lambda _operands: _pick(1),
    0x15: lambda operands: _pick(operands.fixed(1)),
    0x16: lambda _operands: _swap,
    0x17: lambda _operands: _rotate,
    0x18: lambda operands: of_frame.other_space(operands, 0),
    0x19: lambda operands: _unary(operands, _magnitude),
    0x1F: lambda operands: _unary(operands, lambda number: -number.value),
    0x20: lambda operands: _unary(operands, lambda number: ~number.unsigned()),
    0x22: _sum,
    0x23: _plus_constant,
    0x91: lambda operands: of_frame.frame_base(operands.signed(), operands.mask),
    0x92: lambda operands: of_frame.base_register(operands.unsigned(), operands.signed(), operands.mask),
    0x94: of_frame.dereference_some,
    0x95: lambda operands: of_frame.other_space(operands, 1),
    0x96: lambda _operands: _nothing,
    0x97: lambda _operands: of_frame.object_address,
    0x9A: of_frame.call,
    0x9B: lambda _operands: of_frame.refuse(Unknown.THREAD_LOCAL),
    0x9C: lambda _operands: of_frame.frame_address,
    0xA3: of_frame.entry_value,
    0xA4: _constant_of_type,
    0xA5: of_frame.register_of_type,
    0xA6: of_frame.dereference_type,
    0xA7: of_frame.other_space_of_type,
    0xA8: _convert,
    0xA9: _reinterpret,
    0xF3: of_frame.entry_value,
    0xF4: _constant_of_type,
    0xF5: of_frame.register_of_type,
    0xF6: of_frame.dereference_type,
    0xF7: _convert,
    0xF9: _reinterpret,
    0xFA: of_frame.parameter,
    0xFD: of_frame.variable,
}


ENTRY_VALUE = (b"\xa3", b"\xf3")
"""DW_OP_entry_value, and GNU's before it."""
CONSTANT = frozenset({0x03, *range(0x08, 0x18), *range(0x19, 0x28), *range(0x29, 0x2F), *range(0x30, 0x50), 0x96, 0xA4})
"""Operations that ask nothing of the frame: constants, the stack, arithmetic."""


def make(opcode: int, operands: Operands) -> Operation:
    """The operation of that number; its operands are taken.

    Raises:
        BadExpression: the operation is not known, or its operands make no sense.
        IndexError, MalformedDwarf: the operands are cut short.
    """
    if 0x30 <= opcode <= 0x4F:  # lit0 to lit31
        return constant(opcode - 0x30)
    if 0x70 <= opcode <= 0x8F:  # breg0 to breg31
        return of_frame.base_register(opcode - 0x70, operands.signed(), operands.mask)
    maker = _MAKERS.get(opcode)
    if maker is not None:
        return maker(operands)
    if opcode in BINARY:
        return _binary(opcode, operands)
    if opcode in COMPARISON:
        return _compare(opcode, operands)
    raise BadExpression(f"An expression uses operation {opcode:#x}, which is not supported.")


def jump(target: int, *, conditional: bool) -> Operation:
    """DW_OP_bra and DW_OP_skip, to the operation of that number."""

    def run(stack: Stack, _frame: Frame) -> int | None:
        if conditional:
            entry = stack.pop()
            if (entry if isinstance(entry, int) else entry.value) == 0:
                return None
        return target

    return run
