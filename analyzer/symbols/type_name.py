"""Types written as C writes them: `const struct sensor *`, `uint8_t [16]`, `void (*)(int)`."""

from typing import Protocol

from analyzer.symbols.types import (
    UNKNOWN,
    VOID,
    ArrayType,
    EnumType,
    FunctionType,
    MemberPointerType,
    PointerType,
    QualifiedType,
    RecordType,
    Type,
    TypedefType,
)


class _Types(Protocol):
    def type(self, handle: int) -> Type: ...


_MOST_HOPS = 32
_MOST_PARTS = 200
"""Types that one name is made of; what goes on longer is cut with `...`."""

_QUALIFIER_ORDER = ("const", "volatile", "restrict", "_Atomic")


def type_name(types: _Types, handle: int) -> str:
    """The type's name as in a declaration without a variable."""
    return _Naming(types).around(handle, "", frozenset())


class _Naming:
    """One name in the making."""

    def __init__(self, types: _Types) -> None:
        self.types = types
        self.left = _MOST_PARTS

    def around(self, handle: int, declarator: str, outer: frozenset[str]) -> str:
        """The name around a declarator: the part of a declaration that says `*`, `[4]` or `(int)`.

        `outer` are qualifiers of an array, which are those of its elements.
        """
        self.left -= 1
        if self.left < 0:
            return "..."
        one, handle, qualifiers = self._unqualified(handle)
        qualifiers |= outer
        words = " ".join(word for word in _QUALIFIER_ORDER if word in qualifiers)
        match one:
            case PointerType() if not one.name:
                inner = f"{one.sign} {words} {declarator}" if words else one.sign + declarator
                if isinstance(self._unqualified(one.target)[0], (ArrayType, FunctionType)):
                    inner = f"({inner.strip()})"
                return self.around(one.target, inner.strip(), frozenset())
            case MemberPointerType():
                inner = f"{self.around(one.record, '', frozenset())}::*{declarator}"
                if isinstance(self._unqualified(one.target)[0], (ArrayType, FunctionType)):
                    inner = f"({inner})"
                return self.around(one.target, inner, frozenset())
            case ArrayType():
                counts = "".join(f"[{count}]" if isinstance(count, int) else "[]" for count in one.counts)
                return self.around(one.element, declarator + counts, qualifiers)
            case FunctionType():
                names = [self.around(parameter, "", frozenset()) for parameter in one.parameters]
                if one.variadic:
                    names.append("...")
                parameters = ", ".join(names) or ("void" if one.prototyped else "")
                return self.around(one.result, f"{declarator}({parameters})", frozenset())
            case _:
                return " ".join(part for part in (words, _plain_name(one, handle), declarator) if part)

    def _unqualified(self, handle: int) -> tuple[Type, int, frozenset[str]]:
        """The type without its qualifiers, its handle, and the qualifiers."""
        qualifiers: set[str] = set()
        one = self.types.type(handle)
        for _ in range(_MOST_HOPS):
            if not isinstance(one, QualifiedType):
                break
            qualifiers.add(one.qualifier)
            handle = one.target
            one = self.types.type(handle)
        return one, handle, frozenset(qualifiers)


def _plain_name(one: Type, handle: int) -> str:
    if handle == VOID:
        return "void"
    if handle == UNKNOWN:
        return "<unknown type>"
    if isinstance(one, RecordType):
        return f"{one.keyword} {one.name or '{...}'}".lstrip()
    if isinstance(one, EnumType):
        return f"{one.keyword} {one.name or '{...}'}".lstrip()
    if isinstance(one, TypedefType):
        return one.name
    return getattr(one, "name", "") or "<unknown type>"
