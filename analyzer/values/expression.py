"""DWARF expressions and location descriptions (DWARF 5, sections 2.5 and 2.6), with GNU's forerunners of DWARF 5.

Evaluation is pure and bounded. It runs over the expressions that a symbol index holds: there, operands that would
need other debug sections are resolved already (addresses are plain, types are handles of the index).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from analyzer.symbols.dwarf import leb128
from analyzer.symbols.dwarf.leb128 import MalformedDwarf
from analyzer.symbols.interface import Machine
from analyzer.symbols.types import VOID, BaseType, Type
from analyzer.values.arithmetic import (
    BINARY,
    COMPARISON,
    BadExpression,
    Kind,
    Number,
    binary,
    compare,
    convert,
)
from analyzer.values.place import Composite, Implicit, InMemory, InRegister, Nowhere, Piece, Place, Source, Unknown

MOST_STEPS: Final = 2000
MOST_STACK: Final = 128
MOST_NESTING: Final = 8
_MOST_BITS: Final = 1 << 20

_FORMS_OF_CONSTANT = {0x08: (1, False), 0x09: (1, True), 0x0A: (2, False), 0x0B: (2, True)} | {
    0x0C: (4, False),
    0x0D: (4, True),
    0x0E: (8, False),
    0x0F: (8, True),
}


class UnknownValue(BadExpression):
    """The expression is fine, but something that it needs is not known."""

    code = "unknown-value"

    def __init__(self, reason: Unknown) -> None:
        super().__init__(f"The value is not known: {reason.value}.")
        self.reason = reason


class Types(Protocol):
    """What an evaluation needs of the firmware."""

    @property
    def machine(self) -> int:
        """ELF e_machine."""
        ...

    @property
    def pointer_size(self) -> int:
        """4 or 8 bytes."""
        ...

    def type(self, handle: int) -> Type:
        """The type behind a handle."""
        ...


EntryValues = Callable[[int], int | None]
"""Gives what a register held when the function was entered; None when that is not known."""


@dataclass(frozen=True, slots=True)
class Context:
    """What expressions are evaluated against."""

    machine: Machine
    types: Types
    entry_value: EntryValues | None = None
    nesting: int = 0

    @property
    def source(self) -> Source:
        """Reads memory and registers of the frame."""
        return Source(self.machine, self.types.machine, self.types.pointer_size)

    def nested(self) -> "Context":
        """The same context one level deeper.

        Raises:
            BadExpression: expressions that need each other without end.
        """
        if self.nesting >= MOST_NESTING:
            raise BadExpression("Expressions are nested too deeply.")
        return Context(self.machine, self.types, self.entry_value, self.nesting + 1)


def locate(expression: bytes, context: Context) -> Place:
    """Where the object lies that the expression describes.

    Raises:
        BadExpression: the expression is malformed, too long, or not supported.
        UnknownValue: a register or memory that it needs is not known.
    """
    return _Evaluation(expression, context, ()).place()


def compute(expression: bytes, context: Context, initial: Sequence[int] = ()) -> int:
    """The number that an expression leaves on the stack, as an unsigned number of the size of an address.

    `initial` is on the stack before, such as the CFA for a register rule.

    Raises:
        BadExpression, UnknownValue: as `locate`.
    """
    return _Evaluation(expression, context, initial).number()


class _Evaluation:
    """One run of one expression."""

    def __init__(self, expression: bytes, context: Context, initial: Sequence[int]) -> None:
        self.data = expression
        self.context = context
        self.position = 0
        self.generic = Kind(context.types.pointer_size, generic=True)
        self.stack: list[Number] = [self.generic.wrap(value) for value in initial]
        self.pieces: list[Piece] = []
        self.simple: Place | None = None
        """A location that is no address: register, value, implicit. Only a piece may follow it."""

    def place(self) -> Place:
        """Run; what the stack or the last operation says."""
        self._run()
        if self.pieces:
            if self.simple is not None or self.stack:
                raise BadExpression("An expression goes on after its last piece.")
            return Composite(tuple(self.pieces))
        if self.simple is not None:
            return self.simple
        if not self.data:
            return Nowhere(Unknown.OPTIMIZED_OUT)
        return InMemory(self._pop_address())

    def number(self) -> int:
        """Run; the top of the stack."""
        self._run()
        if self.pieces or self.simple is not None:
            raise BadExpression("An expression describes a location where a number is needed.")
        return self._pop_address()

    def _run(self) -> None:
        try:
            for _ in range(MOST_STEPS):
                if self.position >= len(self.data):
                    return
                opcode = self.data[self.position]
                self.position += 1
                if self.simple is not None and opcode not in _BEHIND_A_LOCATION:
                    raise BadExpression("An expression goes on after it has said where the object lies.")
                self._step(opcode)
        except (IndexError, MalformedDwarf) as error:
            raise BadExpression("An expression is malformed or cut short.") from error
        raise BadExpression("An expression takes too many steps.")

    def _step(self, opcode: int) -> None:
        if 0x30 <= opcode <= 0x4F:  # lit0 to lit31
            self._push(opcode - 0x30)
        elif 0x50 <= opcode <= 0x6F:  # reg0 to reg31
            self.simple = InRegister(opcode - 0x50)
        elif 0x70 <= opcode <= 0x8F:  # breg0 to breg31
            self._push(self._register(opcode - 0x70) + self._signed())
        elif opcode in _FORMS_OF_CONSTANT:
            size, signed = _FORMS_OF_CONSTANT[opcode]
            self._push(int.from_bytes(self._take(size), "little", signed=signed))
        elif opcode in BINARY:
            right, left = self._pop(), self._pop()
            self._push_number(binary(opcode, left, right))
        elif opcode in COMPARISON:
            right, left = self._pop(), self._pop()
            self._push(int(compare(opcode, left, right)))
        else:
            operation = _OPERATIONS.get(opcode)
            if operation is None:
                raise BadExpression(f"An expression uses operation {opcode:#x}, which is not supported.")
            operation(self)

    # The stack and the operands.

    def _push(self, value: int) -> None:
        self._push_number(self.generic.wrap(value))

    def _push_number(self, number: Number) -> None:
        if len(self.stack) >= MOST_STACK:
            raise BadExpression("An expression needs too much stack.")
        self.stack.append(number)

    def _pop(self) -> Number:
        if not self.stack:
            raise BadExpression("An expression takes more from its stack than it has put there.")
        return self.stack.pop()

    def _pop_address(self) -> int:
        return self._pop().unsigned() & (1 << 8 * self.context.types.pointer_size) - 1

    def _unsigned(self) -> int:
        value, self.position = leb128.unsigned(self.data, self.position)
        return value

    def _signed(self) -> int:
        value, self.position = leb128.signed(self.data, self.position)
        return value

    def _take(self, size: int) -> bytes:
        content = self.data[self.position : self.position + size]
        if len(content) != size:
            raise BadExpression("An expression is cut short.")
        self.position += size
        return content

    def _kind(self) -> Kind:
        handle = self._unsigned()
        if handle == VOID:
            return self.generic
        base = self.context.types.type(handle)
        if not isinstance(base, BaseType):
            raise BadExpression("An expression computes with a type that is no base type.")
        return Kind.of_base_type(base.size, base.encoding)

    def _register(self, number: int) -> int:
        value = self.context.machine.register(number)
        if value is None:
            raise UnknownValue(Unknown.NOT_IN_DUMP)
        return value

    def _memory(self, address: int, size: int) -> bytes:
        content = self.context.source.content(InMemory(address), 0, size)
        if isinstance(content, Unknown):
            raise UnknownValue(content)
        return content

    # Operations, in the order of their numbers (DWARF 5, table 7.9).

    def addr(self) -> None:
        self._push(int.from_bytes(self._take(self.context.types.pointer_size), "little"))

    def deref(self) -> None:
        self._push(int.from_bytes(self._memory(self._pop_address(), self.generic.size), "little"))

    def deref_size(self) -> None:
        size = self._take(1)[0]
        if not 0 < size <= self.generic.size:
            raise BadExpression("An expression reads a number of a size that no address has.")
        self._push(int.from_bytes(self._memory(self._pop_address(), size), "little"))

    def constu(self) -> None:
        self._push(self._unsigned())

    def consts(self) -> None:
        self._push(self._signed())

    def dup(self) -> None:
        self._pick(0)

    def drop(self) -> None:
        self._pop()

    def over(self) -> None:
        self._pick(1)

    def pick(self) -> None:
        self._pick(self._take(1)[0])

    def _pick(self, depth: int) -> None:
        if depth >= len(self.stack):
            raise BadExpression("An expression takes more from its stack than it has put there.")
        self._push_number(self.stack[-1 - depth])

    def swap(self) -> None:
        first, second = self._pop(), self._pop()
        self.stack += [first, second]

    def rot(self) -> None:
        first, second, third = self._pop(), self._pop(), self._pop()
        self.stack += [first, third, second]

    def abs(self) -> None:
        number = self._pop()
        value = number.signed() if number.kind.generic else number.value
        self._push_number(number.kind.wrap(-value if value < 0 else value))

    def neg(self) -> None:
        number = self._pop()
        self._push_number(number.kind.wrap(-number.value))

    def not_(self) -> None:
        number = self._pop()
        self._push_number(number.kind.wrap(~number.unsigned()))

    def plus_uconst(self) -> None:
        number = self._pop()
        self._push_number(number.kind.wrap(number.value + self._unsigned()))

    def bra(self) -> None:
        distance = int.from_bytes(self._take(2), "little", signed=True)
        if self._pop().value != 0:
            self._jump(distance)

    def skip(self) -> None:
        self._jump(int.from_bytes(self._take(2), "little", signed=True))

    def _jump(self, distance: int) -> None:
        self.position += distance
        if not 0 <= self.position <= len(self.data):
            raise BadExpression("An expression jumps outside itself.")

    def regx(self) -> None:
        self.simple = InRegister(self._unsigned())

    def fbreg(self) -> None:
        offset = self._signed()
        base = self.context.machine.frame_base_expression()
        if base is None:
            raise UnknownValue(Unknown.NOT_IN_DUMP)
        place = locate(base, self.context.nested())
        if isinstance(place, InRegister):
            self._push(self._register(place.number) + offset)
        elif isinstance(place, InMemory):
            self._push(place.address + offset)
        elif isinstance(place, Implicit) and len(place.content) == self.generic.size:
            self._push(int.from_bytes(place.content, "little") + offset)
        else:
            raise UnknownValue(Unknown.OPTIMIZED_OUT)

    def bregx(self) -> None:
        number = self._unsigned()
        self._push(self._register(number) + self._signed())

    def piece(self) -> None:
        self._add_piece(self._unsigned() * 8, 0)

    def bit_piece(self) -> None:
        size = self._unsigned()
        self._add_piece(size, self._unsigned())

    def _add_piece(self, size: int, offset: int) -> None:
        if size > _MOST_BITS or offset > _MOST_BITS or len(self.pieces) >= MOST_STACK:
            raise BadExpression("An expression makes an object of impossible size.")
        if self.simple is not None:
            place = self.simple
            self.simple = None
        elif self.stack:
            place = InMemory(self._pop_address())
        else:
            place = Nowhere(Unknown.OPTIMIZED_OUT)
        self.pieces.append(Piece(place, size, offset))

    def nop(self) -> None:
        """Does nothing, by name."""

    def call_frame_cfa(self) -> None:
        cfa = self.context.machine.cfa()
        if cfa is None:
            raise UnknownValue(Unknown.NOT_IN_DUMP)
        self._push(cfa)

    def implicit_value(self) -> None:
        self.simple = Implicit(self._take(self._unsigned()))

    def stack_value(self) -> None:
        number = self._pop()
        # A narrow object takes the low bytes; of a wider one the rest stays unknown.
        self.simple = Implicit(number.content())

    def implicit_pointer(self) -> None:
        self._unsigned()
        self._signed()
        self.simple = Nowhere(Unknown.SYNTHETIC_POINTER)

    def entry_value(self) -> None:
        block = self._take(self._unsigned())
        look_up = self.context.entry_value
        inner = locate(block, self.context.nested()) if _is_register(block) else None
        value = look_up(inner.number) if look_up is not None and isinstance(inner, InRegister) else None
        if value is None:
            raise UnknownValue(Unknown.OPTIMIZED_OUT)
        self._push(value)

    def const_type(self) -> None:
        kind = self._kind()
        content = self._take(self._take(1)[0])
        if len(content) != kind.size:
            raise BadExpression("An expression holds a constant that is not of its type's size.")
        self._push_number(kind.from_bytes(content))

    def regval_type(self) -> None:
        number = self._unsigned()
        kind = self._kind()
        content = self.context.source.content(InRegister(number), 0, kind.size)
        if isinstance(content, Unknown):
            raise UnknownValue(content)
        self._push_number(kind.from_bytes(content))

    def deref_type(self) -> None:
        size = self._take(1)[0]
        kind = self._kind()
        if size != kind.size:
            raise BadExpression("An expression reads a number that is not of its type's size.")
        self._push_number(kind.from_bytes(self._memory(self._pop_address(), size)))

    def convert(self) -> None:
        kind = self._kind()
        self._push_number(convert(self._pop(), kind))

    def reinterpret(self) -> None:
        kind = self._kind()
        number = self._pop()
        if kind.size != number.kind.size:
            raise BadExpression("An expression reinterprets a number as one of another size.")
        self._push_number(kind.from_bytes(number.content()))

    def uninitialized(self) -> None:
        """GNU: the object that lies here may not have been given a value yet. What lies here is shown all the same."""
        if self.position < len(self.data) and self.data[self.position] not in _PIECES:
            raise BadExpression("An expression goes on after it has said that the object may have no value yet.")


def _is_register(block: bytes) -> bool:
    return bool(block) and (0x50 <= block[0] <= 0x6F or block[0] == 0x90)


_PIECES = (0x93, 0x9D)
_BEHIND_A_LOCATION = (*_PIECES, 0xF0)
_OPERATIONS: dict[int, Callable[[_Evaluation], None]] = {
    0x03: _Evaluation.addr,
    0x06: _Evaluation.deref,
    0x10: _Evaluation.constu,
    0x11: _Evaluation.consts,
    0x12: _Evaluation.dup,
    0x13: _Evaluation.drop,
    0x14: _Evaluation.over,
    0x15: _Evaluation.pick,
    0x16: _Evaluation.swap,
    0x17: _Evaluation.rot,
    0x19: _Evaluation.abs,
    0x1F: _Evaluation.neg,
    0x20: _Evaluation.not_,
    0x23: _Evaluation.plus_uconst,
    0x28: _Evaluation.bra,
    0x2F: _Evaluation.skip,
    0x90: _Evaluation.regx,
    0x91: _Evaluation.fbreg,
    0x92: _Evaluation.bregx,
    0x93: _Evaluation.piece,
    0x94: _Evaluation.deref_size,
    0x96: _Evaluation.nop,
    0x9C: _Evaluation.call_frame_cfa,
    0x9D: _Evaluation.bit_piece,
    0x9E: _Evaluation.implicit_value,
    0x9F: _Evaluation.stack_value,
    0xA0: _Evaluation.implicit_pointer,
    0xA3: _Evaluation.entry_value,
    0xA4: _Evaluation.const_type,
    0xA5: _Evaluation.regval_type,
    0xA6: _Evaluation.deref_type,
    0xA8: _Evaluation.convert,
    0xA9: _Evaluation.reinterpret,
    0xF0: _Evaluation.uninitialized,
    0xF2: _Evaluation.implicit_pointer,
    0xF3: _Evaluation.entry_value,
    0xF4: _Evaluation.const_type,
    0xF5: _Evaluation.regval_type,
    0xF6: _Evaluation.deref_type,
    0xF7: _Evaluation.convert,
    0xF9: _Evaluation.reinterpret,
}
