"""Operations of DWARF expressions (DWARF 5, section 2.5.1; numbers in table 7.9), made ready to run.

Every operation becomes a function over the stack, with its operands decoded once. A number of the generic type is a
plain `int` on the stack, unsigned and of the size of an address; one of a base type is a `Number`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from analyzer.symbols.dwarf import leb128
from analyzer.symbols.interface import Machine
from analyzer.symbols.types import VOID, BaseType, Type
from analyzer.values.arithmetic import BINARY, COMPARISON, BadExpression, Kind, Number, binary, compare, convert
from analyzer.values.place import InMemory, InRegister, Source, Unknown

Stack = list[int | Number]


class UnknownValue(BadExpression):
    """The expression is fine, but something that it needs is not known."""

    code = "unknown-value"

    def __init__(self, reason: Unknown) -> None:
        super().__init__(f"The value is not known: {reason.text}.")
        self.reason = reason


class Frame(Protocol):
    """What operations ask of the frame that they run against; every method raises `UnknownValue`."""

    machine: Machine
    source: Source

    def register(self, number: int) -> int:
        """What a register holds."""
        ...

    def cfa(self) -> int:
        """The canonical frame address."""
        ...

    def frame_base(self) -> int:
        """What DW_OP_fbreg counts from."""
        ...

    def register_on_entry(self, number: int) -> int | None:
        """What a register held when the function was entered; None where that cannot be proved."""
        ...

    def parameter_value(self, reference: int) -> int:
        """What the caller passed for a parameter that was optimised away."""
        ...

    def variable_value(self, reference: int) -> int | Number:
        """What another variable holds."""
        ...

    def call(self, reference: int, stack: Stack) -> None:
        """Run the expression of another entry on the same stack."""
        ...

    def object_address(self) -> int:
        """Address of the object whose part is looked for."""
        ...


class Types(Protocol):
    """What operations ask of the firmware."""

    @property
    def pointer_size(self) -> int:
        """4 or 8 bytes."""
        ...

    def type(self, handle: int) -> Type:
        """The type behind a handle."""
        ...


Operation = Callable[[Stack, Frame], int | None]
"""Runs on the stack; the number of the operation to go on with, where that is not the next one."""


@dataclass(slots=True)
class Operands:
    """Reads the operands of an expression, one after the other.

    Raises:
        BadExpression: the expression is cut short.
        IndexError, MalformedDwarf: from the numbers of variable length.
    """

    data: bytes
    types: Types
    position: int = 0

    def unsigned(self) -> int:
        """An unsigned LEB128."""
        value, self.position = leb128.unsigned(self.data, self.position)
        return value

    def signed(self) -> int:
        """A signed LEB128."""
        value, self.position = leb128.signed(self.data, self.position)
        return value

    def take(self, size: int) -> bytes:
        """So many bytes."""
        content = self.data[self.position : self.position + size]
        if len(content) != size:
            raise BadExpression("An expression is cut short.")
        self.position += size
        return content

    def fixed(self, size: int, *, signed: bool = False) -> int:
        """A number of so many bytes."""
        return int.from_bytes(self.take(size), "little", signed=signed)

    def kind(self) -> Kind:
        """A base type."""
        handle = self.unsigned()
        if handle == VOID:
            return self.generic
        base = self.types.type(handle)
        if not isinstance(base, BaseType):
            raise BadExpression("An expression computes with a type that is no base type.")
        return Kind.of_base_type(base.size, base.encoding)

    @property
    def generic(self) -> Kind:
        """The generic type."""
        return Kind(self.types.pointer_size, generic=True)

    @property
    def mask(self) -> int:
        """What an address can be."""
        return (1 << 8 * self.types.pointer_size) - 1


def _entry(number: Number) -> int | Number:
    """As the stack holds it."""
    return number.unsigned() if number.kind.generic else number


def _number(entry: int | Number, generic: Kind) -> Number:
    return generic.wrap(entry) if isinstance(entry, int) else entry


def whole(entry: int | Number) -> int:
    """An entry of the stack as a number without a sign."""
    return entry if isinstance(entry, int) else entry.unsigned()


def constant(value: int) -> Operation:
    """Push a number."""

    def run(stack: Stack, _frame: Frame) -> None:
        stack.append(value)

    return run


def base_register(number: int, offset: int, mask: int) -> Operation:
    """DW_OP_breg*: what a register holds plus a number."""

    def run(stack: Stack, frame: Frame) -> None:
        stack.append(frame.register(number) + offset & mask)

    return run


def frame_base(offset: int, mask: int) -> Operation:
    """DW_OP_fbreg."""

    def run(stack: Stack, frame: Frame) -> None:
        stack.append(frame.frame_base() + offset & mask)

    return run


def _binary(opcode: int, operands: Operands) -> Operation:
    generic = operands.generic

    def run(stack: Stack, _frame: Frame) -> None:
        right, left = _number(stack.pop(), generic), _number(stack.pop(), generic)
        stack.append(_entry(binary(opcode, left, right)))

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
        right, left = _number(stack.pop(), generic), _number(stack.pop(), generic)
        stack.append(int(compare(opcode, left, right)))

    return run


def _unary(operands: Operands, change: Callable[[Number], int | float]) -> Operation:
    generic = operands.generic

    def run(stack: Stack, _frame: Frame) -> None:
        number = _number(stack.pop(), generic)
        stack.append(_entry(number.kind.wrap(change(number))))

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


def _content(frame: Frame, address: int, size: int) -> bytes:
    content = frame.source.content(InMemory(address), 0, size)
    if isinstance(content, Unknown):
        raise UnknownValue(content)
    return content


def _dereference(size: int) -> Operation:
    def run(stack: Stack, frame: Frame) -> None:
        stack[-1] = int.from_bytes(_content(frame, whole(stack[-1]), size), "little")

    return run


def _dereference_some(operands: Operands) -> Operation:
    size = operands.fixed(1)
    if not 0 < size <= operands.types.pointer_size:
        raise BadExpression("An expression reads a number of a size that no address has.")
    return _dereference(size)


def _dereference_type(operands: Operands) -> Operation:
    size, kind = operands.fixed(1), operands.kind()
    if size != kind.size:
        raise BadExpression("An expression reads a number that is not of its type's size.")

    def run(stack: Stack, frame: Frame) -> None:
        stack[-1] = _entry(kind.from_bytes(_content(frame, whole(stack[-1]), size)))

    return run


def _constant_of_type(operands: Operands) -> Operation:
    kind = operands.kind()
    content = operands.take(operands.fixed(1))
    if len(content) != kind.size:
        raise BadExpression("An expression holds a constant that is not of its type's size.")
    value = _entry(kind.from_bytes(content))

    def run(stack: Stack, _frame: Frame) -> None:
        stack.append(value)

    return run


def _register_of_type(operands: Operands) -> Operation:
    number, kind = operands.unsigned(), operands.kind()

    def run(stack: Stack, frame: Frame) -> None:
        content = frame.source.content(InRegister(number), 0, kind.size)
        if isinstance(content, Unknown):
            raise UnknownValue(content)
        stack.append(_entry(kind.from_bytes(content)))

    return run


def _convert(operands: Operands) -> Operation:
    kind, generic = operands.kind(), operands.generic

    def run(stack: Stack, _frame: Frame) -> None:
        stack[-1] = _entry(convert(_number(stack[-1], generic), kind))

    return run


def _reinterpret(operands: Operands) -> Operation:
    kind, generic = operands.kind(), operands.generic

    def run(stack: Stack, _frame: Frame) -> None:
        number = _number(stack[-1], generic)
        if kind.size != number.kind.size:
            raise BadExpression("An expression reinterprets a number as one of another size.")
        stack[-1] = _entry(kind.from_bytes(number.content()))

    return run


def _frame_address(stack: Stack, frame: Frame) -> None:
    stack.append(frame.cfa())


def _object_address(stack: Stack, frame: Frame) -> None:
    stack.append(frame.object_address())


def _entry_value(operands: Operands) -> Operation:
    number = entry_register(operands)

    def run(stack: Stack, frame: Frame) -> None:
        value = None if number is None else frame.register_on_entry(number)
        if value is None:
            raise UnknownValue(Unknown.OPTIMIZED_OUT)
        stack.append(value)

    return run


def entry_register(operands: Operands) -> int | None:
    """The register whose value on entry is asked for; None where it is more than a register."""
    block = operands.take(operands.unsigned())
    if len(block) == 1 and 0x50 <= block[0] <= 0x6F:  # reg0 to reg31
        return block[0] - 0x50
    if block[:1] == b"\x90":  # regx
        number, end = leb128.unsigned(block, 1)
        return number if end == len(block) else None
    return None


def _parameter(operands: Operands) -> Operation:
    reference = operands.unsigned()

    def run(stack: Stack, frame: Frame) -> None:
        stack.append(frame.parameter_value(reference))

    return run


def _variable(operands: Operands) -> Operation:
    reference = operands.unsigned()

    def run(stack: Stack, frame: Frame) -> None:
        stack.append(frame.variable_value(reference))

    return run


def _call(operands: Operands) -> Operation:
    reference = operands.unsigned()

    def run(stack: Stack, frame: Frame) -> None:
        frame.call(reference, stack)

    return run


def _refuse(reason: Unknown) -> Operation:
    def run(_stack: Stack, _frame: Frame) -> None:
        raise UnknownValue(reason)

    return run


def _other_space(operands: Operands, size: int) -> Operation:
    operands.take(size)
    return _refuse(Unknown.ADDRESS_SPACE)


def _other_space_of_type(operands: Operands) -> Operation:
    operands.take(1)
    operands.kind()
    return _refuse(Unknown.ADDRESS_SPACE)


_MAKERS: dict[int, Callable[[Operands], Operation]] = {
    0x03: lambda operands: constant(operands.fixed(operands.types.pointer_size)),
    0x06: lambda operands: _dereference(operands.types.pointer_size),
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
    0x18: lambda operands: _other_space(operands, 0),
    0x19: lambda operands: _unary(operands, _magnitude),
    0x1F: lambda operands: _unary(operands, lambda number: -number.value),
    0x20: lambda operands: _unary(operands, lambda number: ~number.unsigned()),
    0x22: _sum,
    0x23: _plus_constant,
    0x91: lambda operands: frame_base(operands.signed(), operands.mask),
    0x92: lambda operands: base_register(operands.unsigned(), operands.signed(), operands.mask),
    0x94: _dereference_some,
    0x95: lambda operands: _other_space(operands, 1),
    0x96: lambda _operands: _nothing,
    0x97: lambda _operands: _object_address,
    0x9A: _call,
    0x9B: lambda _operands: _refuse(Unknown.THREAD_LOCAL),
    0x9C: lambda _operands: _frame_address,
    0xA3: _entry_value,
    0xA4: _constant_of_type,
    0xA5: _register_of_type,
    0xA6: _dereference_type,
    0xA7: _other_space_of_type,
    0xA8: _convert,
    0xA9: _reinterpret,
    0xF3: _entry_value,
    0xF4: _constant_of_type,
    0xF5: _register_of_type,
    0xF6: _dereference_type,
    0xF7: _convert,
    0xF9: _reinterpret,
    0xFA: _parameter,
    0xFD: _variable,
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
        return base_register(opcode - 0x70, operands.signed(), operands.mask)
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
