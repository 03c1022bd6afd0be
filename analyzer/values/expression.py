"""DWARF expressions and location descriptions (DWARF 5, sections 2.5 and 2.6), with GNU's forerunners of DWARF 5.

Evaluation is pure and bounded. It runs over the expressions that a symbol index holds: there, operands that would
need other debug sections are resolved already (addresses are plain, types are handles of the index, entries are
numbers of its references).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, Protocol

from analyzer.symbols.interface import Machine, Variable
from analyzer.symbols.types import BaseType, EnumType, PointerType, Type, plain_type
from analyzer.values.arithmetic import BadExpression, Kind, Number
from analyzer.values.compiler import compile_expression
from analyzer.values.place import Implicit, InMemory, InRegister, Nowhere, Place, Source, Unknown, missing
from analyzer.values.program import Locator, Program
from analyzer.values.stack_machine import Stack, UnknownValue, whole

__all__ = ["BadExpression", "Context", "EntryValues", "UnknownValue", "compute", "locate", "place_of"]

MOST_NESTING: Final = 8
_CACHED: Final = 16_384
_CONSTANT_SIZE: Final = 16


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

    @property
    def derived(self) -> dict[object, Any]:
        """What is computed once per firmware."""
        ...

    def type(self, handle: int) -> Type:
        """The type behind a handle."""
        ...

    def reference(self, number: int, pc: int) -> Variable | None:
        """What an expression refers to by that number, with its location at pc."""
        ...


class EntryValues(Protocol):
    """What was passed to the function of a frame."""

    def register(self, number: int) -> int | None:
        """What a register held on entry; None when that is not known."""
        ...

    def parameter(self, reference: int) -> int | None:
        """What was passed for a parameter that was optimised away; None when that is not known."""
        ...


class Context:
    """What expressions are evaluated against: one frame, stopped at a pc.

    What the frame's expressions ask again and again is worked out once: its base and what it was entered with.
    """

    __slots__ = ("_base", "_object", "entry_values", "machine", "nesting", "pc", "source", "types")

    def __init__(
        self,
        machine: Machine,
        types: Types,
        entry_values: EntryValues | None = None,
        nesting: int = 0,
        *,
        pc: int | None = None,
        object_address: int | None = None,
    ) -> None:
        self.machine = machine
        self.types = types
        self.entry_values = entry_values
        self.nesting = nesting
        self.pc = pc
        self.source = Source(machine, types.machine, types.pointer_size)
        self._object = object_address
        self._base: int | Unknown | None = None

    def of_object(self, address: int) -> "Context":
        """The same frame for expressions about an object that lies at an address."""
        return Context(self.machine, self.types, self.entry_values, self.nesting, pc=self.pc, object_address=address)

    def _nested(self) -> "Context":
        if self.nesting >= MOST_NESTING:
            raise BadExpression("Expressions are nested too deeply.")
        return Context(self.machine, self.types, self.entry_values, self.nesting + 1, pc=self.pc)

    def register(self, number: int) -> int:
        """What a register holds; raises `UnknownValue`."""
        value = self.machine.register(number)
        if value is None:
            raise UnknownValue(missing(self.machine, number))
        return value

    def cfa(self) -> int:
        """The canonical frame address; raises `UnknownValue`."""
        cfa = self.machine.cfa()
        if cfa is None:
            raise UnknownValue(missing(self.machine, None))
        return cfa

    def frame_base(self) -> int:
        """What DW_OP_fbreg counts from; raises `UnknownValue`."""
        if self._base is None:
            try:
                self._base = self._find_base()
            except UnknownValue as error:
                self._base = error.reason
        if isinstance(self._base, Unknown):
            raise UnknownValue(self._base)
        return self._base

    def known_base(self) -> int | None:
        """The same; None where it is not known."""
        try:
            return self.frame_base()
        except BadExpression:
            return None

    def _find_base(self) -> int:
        expression = self.machine.frame_base_expression()
        if expression is None:
            raise UnknownValue(Unknown.NOT_IN_DUMP)
        place = locate(expression, self._nested())
        if isinstance(place, InRegister):
            return self.register(place.number)
        if isinstance(place, InMemory):
            return place.address
        if isinstance(place, Implicit) and len(place.content) == self.types.pointer_size:
            return int.from_bytes(place.content, "little")
        raise UnknownValue(Unknown.OPTIMIZED_OUT)

    def register_on_entry(self, number: int) -> int | None:
        """What a register held on entry; None unless it can be proved."""
        return None if self.entry_values is None else self.entry_values.register(number)

    def parameter_value(self, reference: int) -> int:
        """What was passed for a parameter; raises `UnknownValue`."""
        value = None if self.entry_values is None else self.entry_values.parameter(reference)
        if value is None:
            raise UnknownValue(Unknown.OPTIMIZED_OUT)
        return value

    def reference(self, number: int) -> Variable:
        """What an expression refers to; raises `UnknownValue`."""
        found = None if self.pc is None else self.types.reference(number, self.pc)
        if found is None:
            raise UnknownValue(Unknown.OPTIMIZED_OUT)
        return found

    def variable_value(self, reference: int) -> int | Number:
        """What another variable holds; raises `UnknownValue`."""
        variable = self.reference(reference)
        kind = self._kind_of(variable.type)
        place = place_of(variable, self._nested())
        if isinstance(place, Nowhere):
            raise UnknownValue(place.reason)
        content = self.source.content(place, 0, kind.size)
        if isinstance(content, Unknown):
            raise UnknownValue(content)
        number = kind.from_bytes(content)
        return number.unsigned() if kind.generic else number

    def _kind_of(self, handle: int) -> Kind:
        _, one = plain_type(self.types.type, handle)
        if isinstance(one, BaseType):
            return Kind.of_base_type(one.size, one.encoding)
        if isinstance(one, EnumType):
            return Kind(one.size, signed=one.signed)
        if isinstance(one, PointerType):
            return Kind(self.types.pointer_size, generic=True)
        raise BadExpression("An expression computes with a variable that is no number.")

    def call(self, reference: int, stack: Stack) -> None:
        """Run the expression of another entry on the same stack."""
        location = self.reference(reference).location
        if location is None:
            return
        program_of(location, self.types).compute(self._nested(), stack)

    def object_address(self) -> int:
        """Address of the object that the expression is about; raises `UnknownValue`."""
        if self._object is None:
            raise UnknownValue(Unknown.UNREADABLE)
        return self._object


def program_of(expression: bytes, types: Types) -> Program:
    """An expression made ready to run, once per firmware."""
    programs: Callable[[bytes], Program] = types.derived.get(Program) or _programs(types)
    return programs(expression)


def _programs(types: Types) -> Callable[[bytes], Program]:
    @lru_cache(_CACHED)
    def program(expression: bytes) -> Program:
        return compile_expression(expression, types)

    types.derived[Program] = program
    return program


def locate(expression: bytes, context: Context) -> Place:
    """Where the object lies that the expression describes.

    Raises:
        BadExpression: the expression is malformed, too long, or not supported.
        UnknownValue: a register or memory that it needs is not known.
    """
    return program_of(expression, context.types).locate(context)


def compute(expression: bytes, context: Context, initial: Sequence[int] = ()) -> int:
    """The number that an expression leaves on the stack, as an unsigned number of the size of an address.

    `initial` is on the stack before, such as the CFA for a register rule.

    Raises:
        BadExpression, UnknownValue: as `locate`.
    """
    mask = (1 << 8 * context.types.pointer_size) - 1
    stack: Stack = [value & mask for value in initial]
    program_of(expression, context.types).compute(context, stack)
    if not stack:
        raise BadExpression("An expression leaves nothing on its stack.")
    return whole(stack[-1]) & mask


def fixed_place(variable: Variable, types: Types) -> Place | None:
    """Where a variable lies if that is the same in every frame; else None."""
    if variable.location is not None:
        return program_of(variable.location, types).fixed
    constant = variable.const_value
    if constant is None:
        return Nowhere(Unknown.OPTIMIZED_OUT)
    if isinstance(constant, bytes):
        return Implicit(constant)
    return Implicit((constant & (1 << 8 * _CONSTANT_SIZE) - 1).to_bytes(_CONSTANT_SIZE, "little"))


def locator_of(variable: Variable, types: Types) -> Locator:
    """What finds a variable in a frame."""
    if variable.location is not None:
        return program_of(variable.location, types).locate
    place = fixed_place(variable, types) or Nowhere(Unknown.OPTIMIZED_OUT)
    return lambda _frame: place


def place_of(variable: Variable, context: Context) -> Place:
    """Where a variable lies; a place that says why when that is not known."""
    return place_by(locator_of(variable, context.types), context)


def place_by(locator: Locator, context: Context) -> Place:
    """Where an object lies by its expression; a place that says why when that is not known."""
    try:
        return locator(context)
    except UnknownValue as error:
        return Nowhere(error.reason)
    except BadExpression:
        return Nowhere(Unknown.UNREADABLE)
