"""Types written as C writes them: `const struct sensor *`, `uint8_t [16]`, `void (*)(int)`."""

from analyzer.symbols.types import (
    UNKNOWN,
    VOID,
    ArrayType,
    EnumType,
    FunctionType,
    PointerType,
    QualifiedType,
    RecordType,
    TypedefType,
)
from analyzer.values.expression import Types

_MOST_DEPTH = 32
_QUALIFIER_ORDER = ("const", "volatile", "restrict", "_Atomic")


def type_name(types: Types, handle: int) -> str:
    """The type's name as in a declaration without a variable."""
    return _name(types, handle, "", frozenset(), 0)


def _name(types: Types, handle: int, declarator: str, outer: frozenset[str], depth: int) -> str:
    """The name around a declarator: the part of a declaration that says `*`, `[4]` or `(int)`.

    `outer` are qualifiers of an array, which are those of its elements.
    """
    if depth > _MOST_DEPTH:
        return "..."
    qualifiers = set(outer)
    one = types.type(handle)
    for _ in range(_MOST_DEPTH):
        if not isinstance(one, QualifiedType):
            break
        qualifiers.add(one.qualifier)
        handle = one.target
        one = types.type(handle)
    words = " ".join(word for word in _QUALIFIER_ORDER if word in qualifiers)
    match one:
        case PointerType():
            inner = f"{one.sign} {words} {declarator}" if words else one.sign + declarator
            if isinstance(_unqualified(types, one.target), (ArrayType, FunctionType)):
                inner = f"({inner.strip()})"
            return _name(types, one.target, inner.strip(), frozenset(), depth + 1)
        case ArrayType():
            counts = "".join("[]" if count is None else f"[{count}]" for count in one.counts)
            return _name(types, one.element, declarator + counts, frozenset(qualifiers), depth + 1)
        case FunctionType():
            names = [_name(types, parameter, "", frozenset(), depth + 1) for parameter in one.parameters]
            if one.variadic:
                names.append("...")
            parameters = ", ".join(names) or ("void" if one.prototyped else "")
            return _name(types, one.result, f"{declarator}({parameters})", frozenset(), depth + 1)
        case _:
            name = _plain_name(one, handle)
            return " ".join(part for part in (words, name, declarator) if part)


def _unqualified(types: Types, handle: int) -> object:
    one = types.type(handle)
    for _ in range(_MOST_DEPTH):
        if not isinstance(one, QualifiedType):
            break
        one = types.type(one.target)
    return one


def _plain_name(one: object, handle: int) -> str:
    if handle == VOID:
        return "void"
    if handle == UNKNOWN:
        return "<unknown type>"
    if isinstance(one, RecordType):
        return f"{one.keyword} {one.name}" if one.name else f"{one.keyword} {{...}}"
    if isinstance(one, EnumType):
        return f"enum {one.name}" if one.name else "enum {...}"
    if isinstance(one, TypedefType):
        return one.name
    return getattr(one, "name", "") or "<unknown type>"
