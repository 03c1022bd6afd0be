"""The types of a program, as C, C++ and Rust compilers describe them in DWARF (DWARF 5, section 5).

Types refer to each other by handle. Handle 0 is `void`, -1 stands for a type that the debug information does not give.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
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
    name: str = ""
    """Its name where the language names pointers, as Rust does: `&mut u8`."""


@dataclass(frozen=True, slots=True)
class MemberPointerType:
    """C++'s pointer to a member of a class: data, or a function, which takes two words."""

    size: int
    record: int
    target: int


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a record; a base class is a member without a name."""

    name: str
    type: int
    bit_offset: int
    """From the start of the record, counted from the least significant bit of its first byte."""
    bit_size: int
    """0 unless this is a bit-field."""
    is_base: bool = False
    location: bytes = b""
    """Gives the address of a virtual base class from that of the object, which is on the stack before."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What a record holds where its discriminant has one of some values."""

    values: tuple[tuple[int, int], ...]
    """First and last of each range, without a sign; empty for all that no other variant has."""
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class VariantPart:
    """The variants of a record; without a discriminant there is only one."""

    discriminant: Member | None
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class RecordType:
    """A structure, union or class."""

    keyword: str
    """`struct`, `union` or `class`; empty where the language names types without it, as C++ and Rust do."""
    name: str
    """Empty for an anonymous one."""
    size: int | None
    """In bytes; None when it is declared only."""
    members: tuple[Member, ...]
    variants: VariantPart | None = None


@dataclass(frozen=True, slots=True)
class ArrayType:
    """An array; several counts make it multi-dimensional, outermost first."""

    element: int
    counts: tuple[int | bytes | None, ...]
    """An expression where the count depends on the frame; None where it is not known."""


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enumeration."""

    name: str
    size: int
    signed: bool
    enumerators: tuple[tuple[str, int], ...]
    keyword: str = "enum"
    """Empty where the language names types without it."""


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
    BaseType
    | PointerType
    | MemberPointerType
    | RecordType
    | ArrayType
    | EnumType
    | TypedefType
    | QualifiedType
    | FunctionType
    | OpaqueType
)

VOID_TYPE = OpaqueType("void", None)
UNKNOWN_TYPE = OpaqueType("", None)
_MOST_HOPS = 64


@dataclass(frozen=True, slots=True)
class Global:
    """A variable that is not local to a function."""

    variable: Variable
    file: str
    """The source file that was compiled."""
    function: str = ""
    """The function that a static variable belongs to; empty for the others."""


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

    def reference(self, number: int, pc: int) -> Variable | None:
        """What an expression refers to by that number, with its location at pc; None when there is no such thing."""
        ...

    def globals_named(self, name: str) -> Sequence[Global]:
        """Variables of that name that are not local to a function, one per file that defines it."""
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

    def type_names(self) -> Iterable[str]:
        """Names of all types that have one; a name may occur more than once."""
        ...


def plain_type(type_of: Callable[[int], Type], handle: int) -> tuple[int, Type]:
    """A type without type definitions and qualifiers around it, and its handle; `type_of` is `TypedSymbols.type`."""
    for _ in range(_MOST_HOPS):
        one = type_of(handle)
        if not isinstance(one, (TypedefType, QualifiedType)):
            return handle, one
        handle = one.target
    return UNKNOWN, UNKNOWN_TYPE
