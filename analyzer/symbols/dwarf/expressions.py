"""Expressions made independent of the debug sections they come from.

An index has no `.debug_addr` and no entries, so operands that point there are resolved when the index is built:
indexed addresses and constants become plain ones, base types become handles of the index, GNU's early operations
become those of DWARF 5, entries of variables become numbers of the index's references.
"""

from collections.abc import Callable

from analyzer.symbols.dwarf import leb128
from analyzer.symbols.dwarf.entries import Unit
from analyzer.symbols.dwarf.leb128 import MalformedDwarf

UNSUPPORTED = b"\xff"
"""An operation that no evaluator knows (DW_OP_hi_user)."""

TypeHandle = Callable[[int], int | None]
"""Handle of the type whose entry is at an offset of `.debug_info`."""


class References:
    """Entries that expressions refer to, numbered from 1 in the order in which they are met."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self._numbers: dict[int, int] = {}

    def number(self, offset: int) -> int:
        """The number of the entry at an offset of `.debug_info`."""
        number = self._numbers.get(offset)
        if number is None:
            self.offsets.append(offset)
            number = self._numbers[offset] = len(self.offsets)
        return number


_SPECIAL = bytes(
    [0x98, 0x99, 0x9A, *range(0xA0, 0xAA), 0xE0, *range(0xF0, 0xFE)],
)
"""Operations that are rewritten or not supported; most expressions have no such byte at all."""

_JUMPS = (0x28, 0x2F)
_MOST_NESTING = 4
# What follows an operation: a address, digits that many bytes, u and s LEB128, t a type, k a sized constant, R an
# entry, b a block.
_OPERANDS: dict[int, str] = {
    0x03: "a",
    0x08: "1",
    0x09: "1",
    0x0A: "2",
    0x0B: "2",
    0x0C: "4",
    0x0D: "4",
    0x0E: "8",
    0x0F: "8",
    0x10: "u",
    0x11: "s",
    0x15: "1",
    0x23: "u",
    0x28: "2",
    0x2F: "2",
    **dict.fromkeys(range(0x70, 0x90), "s"),
    0x90: "u",
    0x91: "s",
    0x92: "us",
    0x93: "u",
    0x94: "1",
    0x95: "1",
    0x9D: "uu",
    0x9E: "b",
    0xA0: "Rs",
    0xA3: "b",
    0xA4: "tk",
    0xA5: "ut",
    0xA6: "1t",
    0xA7: "1t",
    0xA8: "t",
    0xA9: "t",
}
_GNU = {
    0xE0: 0x9B,
    0xF2: 0xA0,
    0xF3: 0xA3,
    0xF4: 0xA4,
    0xF5: 0xA5,
    0xF6: 0xA6,
    0xF7: 0xA8,
    0xF9: 0xA9,
    0xFB: 0xA1,
    0xFC: 0xA2,
}
_ADDRX, _CONSTX, _ENTRY_VALUE = 0xA1, 0xA2, 0xA3
_CALL2, _CALL4, _CALL = 0x98, 0x99, 0x9A
_PARAMETER_REFERENCE, _VARIABLE_VALUE = 0xFA, 0xFD
_OPERATIONS_WITHOUT_OPERANDS = frozenset(
    {0x06, *range(0x12, 0x28), *range(0x29, 0x2F), *range(0x30, 0x70), 0x96, 0x97, 0x9B, 0x9C, 0x9F, 0xF0}
) - frozenset(_OPERANDS)


def resolve(expression: bytes, unit: Unit, type_handle: TypeHandle, references: References) -> bytes:
    """The expression as an index keeps it; `UNSUPPORTED` when it cannot be."""
    if len(expression.translate(None, _SPECIAL)) == len(expression):
        return expression
    try:
        return _Rewriting(expression, unit, type_handle, references).run()
    except (IndexError, MalformedDwarf):
        return UNSUPPORTED


class _Rewriting:
    """One pass over one expression."""

    def __init__(
        self, data: bytes, unit: Unit, type_handle: TypeHandle, references: References, nesting: int = 0
    ) -> None:
        self.data = data
        self.unit = unit
        self.type_handle = type_handle
        self.references = references
        self.nesting = nesting
        self.position = 0

    def run(self) -> bytes:
        out = bytearray()
        jumps = False
        while self.position < len(self.data):
            opcode = self.data[self.position]
            self.position += 1
            opcode = _GNU.get(opcode, opcode)
            jumps |= opcode in _JUMPS
            if opcode in (_ADDRX, _CONSTX):
                out += self._indexed(opcode)
            elif opcode in (_CALL2, _CALL4, _PARAMETER_REFERENCE):
                offset = int.from_bytes(self._take(2 if opcode == _CALL2 else 4), "little")
                out.append(_PARAMETER_REFERENCE if opcode == _PARAMETER_REFERENCE else _CALL)
                out += leb128.encode_unsigned(self.references.number(self.unit.offset + offset))
            elif opcode in (_CALL, _VARIABLE_VALUE):
                out.append(opcode)
                out += self._operand(opcode, "R")
            elif opcode in _OPERANDS:
                out.append(opcode)
                for operand in _OPERANDS[opcode]:
                    out += self._operand(opcode, operand)
            elif opcode in _OPERATIONS_WITHOUT_OPERANDS:
                out.append(opcode)
            else:
                raise MalformedDwarf(f"Operation {opcode:#x} is not supported.")
        if jumps and len(out) != len(self.data):
            raise MalformedDwarf("The targets of jumps have moved.")
        return bytes(out)

    def _operand(self, opcode: int, operand: str) -> bytes:
        match operand:
            case "a":
                return self._take(self.unit.layout.address_size)
            case "u" | "s":
                start = self.position
                _, self.position = leb128.signed(self.data, start)
                return self.data[start : self.position]
            case "t":
                offset = self._number()
                handle = self.type_handle(self.unit.offset + offset) if offset else 0
                if handle is None or handle < 0:
                    raise MalformedDwarf("An expression names a type that does not exist.")
                return leb128.encode_unsigned(handle)
            case "k":
                size = self._take(1)
                return size + self._take(size[0])
            case "R":
                layout = self.unit.layout
                size = layout.address_size if layout.version == 2 else layout.offset_size
                return leb128.encode_unsigned(self.references.number(int.from_bytes(self._take(size), "little")))
            case "b":
                block = self._take(self._number())
                if opcode == _ENTRY_VALUE:
                    if self.nesting >= _MOST_NESTING:
                        raise MalformedDwarf("An expression is nested too deeply.")
                    block = _Rewriting(block, self.unit, self.type_handle, self.references, self.nesting + 1).run()
                return leb128.encode_unsigned(len(block)) + block
            case _:
                return self._take(int(operand))

    def _indexed(self, opcode: int) -> bytes:
        address = self.unit.indexed_address(self._number())
        if address is None:
            raise MalformedDwarf("An expression names an address that does not exist.")
        if opcode == _CONSTX:
            # Not an address of this program: what DW_OP_form_tls_address counts from, for one.
            return b"\x10" + leb128.encode_unsigned(address)
        return b"\x03" + address.to_bytes(self.unit.layout.address_size, "little")

    def _number(self) -> int:
        value, self.position = leb128.unsigned(self.data, self.position)
        return value

    def _take(self, size: int) -> bytes:
        content = self.data[self.position : self.position + size]
        if len(content) != size:
            raise MalformedDwarf("An expression is cut short.")
        self.position += size
        return content
