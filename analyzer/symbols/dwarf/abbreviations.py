"""Abbreviation tables: how the entries of a unit are laid out (DWARF 5, section 7.5.3).

Each abbreviation becomes a small decoder. Most entries have a fixed size, so one `struct` call reads them whole; that
is what makes reading hundreds of thousands of entries affordable.
"""

import struct
from collections.abc import Callable

from analyzer.symbols.allowance import Allowance
from analyzer.symbols.dwarf import leb128
from analyzer.symbols.dwarf.constants import At, Form
from analyzer.symbols.dwarf.leb128 import MalformedDwarf

_Reader = Callable[[bytes, int], tuple[int | bytes, int]]

_MOST_ATTRIBUTES = 256
_MOST_ABBREVIATIONS = 65_536

_FIXED = {
    Form.DATA1: "B",
    Form.FLAG: "B",
    Form.REF1: "B",
    Form.STRX1: "B",
    Form.ADDRX1: "B",
    Form.DATA2: "H",
    Form.REF2: "H",
    Form.STRX2: "H",
    Form.ADDRX2: "H",
    Form.STRX3: "3s",
    Form.ADDRX3: "3s",
    Form.DATA4: "I",
    Form.REF4: "I",
    Form.REF_SUP4: "I",
    Form.STRX4: "I",
    Form.ADDRX4: "I",
    Form.DATA8: "Q",
    Form.REF8: "Q",
    Form.REF_SIG8: "Q",
    Form.REF_SUP8: "Q",
    Form.DATA16: "16s",
}
_OFFSETS = frozenset({Form.STRP, Form.SEC_OFFSET, Form.LINE_STRP, Form.STRP_SUP, Form.GNU_REF_ALT, Form.GNU_STRP_ALT})


def _sized_block(layout: str) -> _Reader:
    head = struct.Struct(layout)

    def read(data: bytes, position: int) -> tuple[bytes, int]:
        start = position + head.size
        return _cut(data, start, head.unpack_from(data, position)[0])

    return read


def _block(data: bytes, position: int) -> tuple[bytes, int]:
    size, start = leb128.unsigned(data, position)
    return _cut(data, start, size)


def _cut(data: bytes, start: int, size: int) -> tuple[bytes, int]:
    end = start + size
    if end > len(data):
        raise MalformedDwarf("A block reaches beyond the end of its section.")
    return data[start:end], end


def _string(data: bytes, position: int) -> tuple[bytes, int]:
    end = data.find(b"\0", position)
    if end < 0:
        raise MalformedDwarf("A string has no end.")
    return data[position:end], end + 1


_VARIABLE: dict[int, _Reader] = {
    Form.UDATA: leb128.unsigned,
    Form.SDATA: leb128.signed,
    Form.REF_UDATA: leb128.unsigned,
    Form.STRX: leb128.unsigned,
    Form.ADDRX: leb128.unsigned,
    Form.GNU_ADDR_INDEX: leb128.unsigned,
    Form.GNU_STR_INDEX: leb128.unsigned,
    Form.LOCLISTX: leb128.unsigned,
    Form.RNGLISTX: leb128.unsigned,
    Form.EXPRLOC: _block,
    Form.BLOCK: _block,
    Form.BLOCK1: _sized_block("<B"),
    Form.BLOCK2: _sized_block("<H"),
    Form.BLOCK4: _sized_block("<I"),
    Form.STRING: _string,
}


class Layout:
    """Sizes that the forms of one unit depend on: DWARF version, bytes of an address and of an offset."""

    __slots__ = ("address_size", "offset_size", "version")

    def __init__(self, version: int, address_size: int, offset_size: int) -> None:
        if address_size not in (4, 8):
            raise MalformedDwarf(f"Addresses of {address_size} bytes are not supported.")
        self.version = version
        self.address_size = address_size
        self.offset_size = offset_size

    def fixed_format(self, form: int) -> str | None:
        """`struct` character of a form with a fixed size, else None."""
        if form in _OFFSETS or (form == Form.REF_ADDR and self.version > 2):
            return "I" if self.offset_size == 4 else "Q"
        if form in (Form.ADDR, Form.REF_ADDR):
            return "I" if self.address_size == 4 else "Q"
        return _FIXED.get(form)


class Abbreviation:
    """One shape of entry.

    `slots` maps an attribute to its place in the tuple that `read` gives; `constants` holds attributes that have the
    same value in every entry of this shape; `forms` gives each attribute's form; `origin` is the attribute, if there is
    one, that names what such an entry is a concrete instance or the definition of.
    """

    __slots__ = ("constants", "fixed", "forms", "has_children", "origin", "plan", "slots", "tag")

    def __init__(self, tag: int, has_children: bool, attributes: list[tuple[int, int, int]], layout: Layout) -> None:  # noqa: FBT001
        self.tag = tag
        self.has_children = has_children
        self.slots: dict[int, int] = {}
        self.constants: dict[int, int] = {}
        self.forms: dict[int, int] = {}
        plan: list[struct.Struct | _Reader] = []
        run = ""
        slot = 0
        for attribute, form, constant in attributes:
            self.forms[attribute] = form
            if form == Form.IMPLICIT_CONST:
                self.constants[attribute] = constant
                continue
            if form == Form.FLAG_PRESENT:
                self.constants[attribute] = 1
                continue
            self.slots[attribute] = slot
            slot += 1
            character = layout.fixed_format(form)
            if character is not None:
                run += character
                continue
            reader = _VARIABLE.get(form)
            if reader is None:
                raise MalformedDwarf(f"Attribute form {form:#x} is not supported.")
            if run:
                plan.append(struct.Struct("<" + run))
                run = ""
            plan.append(reader)
        if run:
            plan.append(struct.Struct("<" + run))
        self.origin = next((one for one in (At.ABSTRACT_ORIGIN, At.SPECIFICATION) if one in self.forms), None)
        self.plan = plan
        self.fixed: struct.Struct | None = None
        if not plan:
            self.fixed = struct.Struct("")
        elif len(plan) == 1 and isinstance(plan[0], struct.Struct):
            self.fixed = plan[0]

    def read(self, data: bytes, position: int) -> tuple[tuple[int | bytes, ...], int]:
        """(values in slot order, position behind the entry)."""
        values: list[int | bytes] = []
        for step in self.plan:
            if isinstance(step, struct.Struct):
                values.extend(step.unpack_from(data, position))
                position += step.size
            else:
                value, position = step(data, position)
                values.append(value)
        return tuple(values), position


class AbbreviationCache:
    """Abbreviation tables by offset and layout; equal shapes are decoded by the same object."""

    def __init__(self, section: bytes, allowance: Allowance) -> None:
        self._section = section
        self._allowance = allowance
        self._tables: dict[tuple[int, int, int, int], dict[int, Abbreviation]] = {}
        self._shapes: dict[tuple[bytes, int, int, int], Abbreviation] = {}

    def table(self, offset: int, layout: Layout) -> dict[int, Abbreviation]:
        """Code to abbreviation, for the table at that offset of `.debug_abbrev`.

        Raises:
            MalformedDwarf: the table does not end, or uses forms that are not supported.
            LimitExceeded: there are too many tables.
        """
        sizes = (layout.version, layout.address_size, layout.offset_size)
        table = self._tables.get((offset, *sizes))
        if table is None:
            table = self._tables[offset, *sizes] = self._parse(offset, layout)
        return table

    def _parse(self, offset: int, layout: Layout) -> dict[int, Abbreviation]:
        data = self._section
        table: dict[int, Abbreviation] = {}
        position = offset
        while len(table) < _MOST_ABBREVIATIONS:
            code, position = leb128.unsigned(data, position)
            if code == 0:
                return table
            start = position
            tag, position = leb128.unsigned(data, position)
            has_children = data[position] != 0
            position += 1
            attributes: list[tuple[int, int, int]] = []
            while len(attributes) < _MOST_ATTRIBUTES:
                attribute, position = leb128.unsigned(data, position)
                form, position = leb128.unsigned(data, position)
                constant = 0
                if form == Form.IMPLICIT_CONST:
                    constant, position = leb128.signed(data, position)
                if attribute == 0 and form == 0:
                    break
                attributes.append((attribute, form, constant))
            self._allowance.spend(2 + 2 * len(attributes))
            shape = (data[start:position], layout.version, layout.address_size, layout.offset_size)
            abbreviation = self._shapes.get(shape)
            if abbreviation is None:
                abbreviation = self._shapes[shape] = Abbreviation(tag, has_children, attributes, layout)
            table[code] = abbreviation
        raise MalformedDwarf("An abbreviation table has too many entries.")
