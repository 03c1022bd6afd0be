"""The types of a program, as C, C++ and Rust compilers describe them in DWARF (DWARF 5, section 5).

Types refer to each other by handle. Handle 0 is `void`, -1 stands for a type that the debug information does not give.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from analyzer.symbols.interface import CallSite, Symbols, Variable

VOID = 0
UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class BaseType:
    """A number, character or truth value that the language has built in."""

    name: str
    size: int
    encoding: int
    """DW_ATE_*."""


@dataclass(frozen=True, slots=True)
class PointerType:
    """A pointer or reference."""

    size: int
    target: int
    sign: str
    """`*`, `&` or `&&`."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a record; a base class is a member without a name."""

    name: str
    type: int
    bit_offset: int
    """From the start of the record, counted from the least significant bit of its first byte."""
    bit_size: int
    """0 unless this is a bit-field."""


@dataclass(frozen=True, slots=True)
class RecordType:
    """A structure, union or class."""

    keyword: str
    """`struct`, `union` or `class`."""
    name: str
    """Empty for an anonymous one."""
    size: int | None
    """In bytes; None when it is declared only."""
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class ArrayType:
    """An array; several counts make it multi-dimensional, outermost first. None is a length that is not known."""

    element: int
    counts: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enumeration."""

    name: str
    size: int
    signed: bool
    enumerators: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class TypedefType:
    """Another name for a type."""

    name: str
    target: int


@dataclass(frozen=True, slots=True)
class QualifiedType:
    """A type that is `const`, `volatile`, `restrict` or `_Atomic`."""

    qualifier: str
    target: int


@dataclass(frozen=True, slots=True)
class FunctionType:
    """What a function pointer points at."""

    result: int
    parameters: tuple[int, ...]
    variadic: bool
    prototyped: bool


@dataclass(frozen=True, slots=True)
class OpaqueType:
    """A type of which only a name, and perhaps a size, is known; values of it are not shown."""

    name: str
    size: int | None


Type = (
    BaseType | PointerType | RecordType | ArrayType | EnumType | TypedefType | QualifiedType | FunctionType | OpaqueType
)

VOID_TYPE = OpaqueType("void", None)


@dataclass(frozen=True, slots=True)
class Global:
    """A variable that is not local to a function."""

    variable: Variable
    file: str
    """The source file that was compiled."""


class TypedSymbols(Symbols, Protocol):
    """Symbols whose types can be looked into."""

    @property
    def derived(self) -> dict[object, Any]:
        """What others compute from these symbols once per firmware; it lives as long as they do.

        Everybody uses a key of their own, such as a class, and bounds what they keep.
        """
        ...

    def type(self, handle: int) -> Type:
        """The type behind a handle; `VOID_TYPE` for 0, an unnamed `OpaqueType` for -1."""
        ...

    def size_of(self, handle: int) -> int | None:
        """Bytes of a value of that type; None when it has no size."""
        ...

    def global_variables(self) -> Iterator[Global]:
        """All variables that are not local to a function, by name."""
        ...

    def call_site(self, return_address: int) -> CallSite | None:
        """The call that returns to exactly that address."""
        ...

    def function_start(self, pc: int) -> int | None:
        """Where the function around pc is entered; None when the debug information names no function there."""
        ...

    def tail_calls(self, function: int) -> Sequence[int] | None:
        """Addresses behind the tail calls of the function that starts there; None when they are not all known."""
        ...

    def type_name(self, handle: int) -> str:
        """The type's name as C writes it: `const struct sensor *`."""
        ...

    def type_named(self, name: str) -> int | None:
        """Handle of the type of that name, such as `foo` for `struct foo`; None unless there is exactly one."""
        ...
