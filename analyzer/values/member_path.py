"""From an offset into an object to the member that lies there, as the source would write it."""

from typing import Final

from analyzer.symbols.types import (
    ArrayType,
    PointerType,
    RecordType,
    TypedSymbols,
    plain_type,
)

_MOST_DEPTH: Final = 16


def pointee(symbols: TypedSymbols, handle: int) -> int | None:
    """What a type points at; None unless it is a pointer."""
    _, one = plain_type(symbols.type, handle)
    return one.target if isinstance(one, PointerType) else None


def member_path(symbols: TypedSymbols, handle: int, offset: int, size: int) -> tuple[str, int] | None:
    """Path and type of what lies `offset` bytes into an object, such as `.config.rate` or `[3].x`.

    The path is empty where the offset is in the object itself and there is nothing to choose within. None where the
    offset is outside, where several members share the place, and where `size` bytes from there are more than a member.
    """
    path = ""
    for _ in range(_MOST_DEPTH):
        handle, one = plain_type(symbols.type, handle)
        whole = symbols.size_of(handle)
        if whole is None or not 0 <= offset <= offset + size <= whole:
            return None
        if isinstance(one, RecordType):
            found = _member(symbols, one, offset, size)
            if found is None:
                return None
            name, handle, start = found
            path += f".{name}" if name else ""
            offset -= start
        elif isinstance(one, ArrayType):
            step = symbols.size_of(one.element)
            if not step or len(one.counts) != 1:
                return None
            path += f"[{offset // step}]"
            offset %= step
            handle = one.element
        else:
            return path, handle
    return None


def _member(symbols: TypedSymbols, record: RecordType, offset: int, size: int) -> tuple[str, int, int] | None:
    """Name, type and start of the only member that holds all of some bytes; bit-fields share theirs with others."""
    found: list[tuple[str, int, int]] = []
    for member in record.members:
        start, width = member.bit_offset // 8, symbols.size_of(member.type)
        if width is None or not (start < offset + size and offset < start + width):
            continue
        if member.bit_size or not start <= offset <= offset + size <= start + width:
            return None
        found.append((member.name, member.type, start))
    return found[0] if len(found) == 1 else None


def through_pointer(
    symbols: TypedSymbols, expression: str, target: int, offset: int, size: int
) -> tuple[str, str, int] | None:
    """What a pointer's expression and an offset from it reach: as an expression, as a path alone, and of which type.

    `target` is the type that the pointer points at. An offset past one object counts the objects: `p[3].x`.
    """
    whole = symbols.size_of(target)
    if not whole or offset < 0:
        return None
    index, offset = divmod(offset, whole)
    found = member_path(symbols, target, offset, size)
    if found is None:
        return None
    path, handle = found
    if index:
        return f"{expression}[{index}]{path}", f"[{index}]{path}", handle
    if path.startswith("."):
        return f"{expression}->{path[1:]}", path[1:], handle
    return (f"(*{expression}){path}" if path else f"*{expression}"), path, handle
