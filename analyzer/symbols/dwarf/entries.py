"""Debugging information entries: `.debug_info` as a tree (DWARF 5, sections 2 and 7.5).

All units are read in one pass before anything is resolved, so references may point anywhere.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from analyzer.symbols.allowance import Allowance
from analyzer.symbols.dwarf import leb128
from analyzer.symbols.dwarf.abbreviations import Abbreviation, AbbreviationCache, Layout
from analyzer.symbols.dwarf.constants import At, Form, Tag
from analyzer.symbols.dwarf.leb128 import MalformedDwarf
from analyzer.symbols.progress import Progress, unheard

MOST_DEPTH = 100
"""Nesting that is still followed; compilers stay far below."""
MOST_NAME = 8192
"""Bytes of a name that are kept."""

_MOST_HOPS = 16
"""Abstract origins and specifications form chains of two or three."""

_UT_COMPILE, _UT_TYPE, _UT_PARTIAL, _UT_SKELETON, _UT_SPLIT_COMPILE, _UT_SPLIT_TYPE = 1, 2, 3, 4, 5, 6
_ADDRESS_FORMS = frozenset(
    {Form.ADDR, Form.ADDRX, Form.ADDRX1, Form.ADDRX2, Form.ADDRX3, Form.ADDRX4, Form.GNU_ADDR_INDEX}
)
_LOCAL_REFERENCES = frozenset({Form.REF1, Form.REF2, Form.REF4, Form.REF8, Form.REF_UDATA})
_STRING_INDEXES = frozenset({Form.STRX, Form.STRX1, Form.STRX2, Form.STRX3, Form.STRX4, Form.GNU_STR_INDEX})
_BLOCKS = frozenset({Form.EXPRLOC, Form.BLOCK, Form.BLOCK1, Form.BLOCK2, Form.BLOCK4, Form.DATA16})
_LIST_FORMS = frozenset({Form.SEC_OFFSET, Form.DATA4, Form.DATA8})
_PARSE_ERRORS = (IndexError, KeyError, struct.error, MalformedDwarf)
_NO_ENTRIES: Final[list["Entry"]] = []


@dataclass(frozen=True, slots=True)
class Sections:
    """The debug sections of one file; empty where a file lacks one."""

    info: bytes = b""
    abbrev: bytes = b""
    line: bytes = b""
    str: bytes = b""
    line_str: bytes = b""
    str_offsets: bytes = b""
    addr: bytes = b""
    ranges: bytes = b""
    rnglists: bytes = b""
    loc: bytes = b""
    loclists: bytes = b""
    types: bytes = b""
    frame: bytes = b""


class Entry:
    """One entry of the tree; attributes are decoded when they are asked for."""

    __slots__ = ("abbreviation", "children", "offset", "parent", "unit", "values")

    def __init__(
        self,
        unit: "Unit",
        offset: int,
        abbreviation: Abbreviation,
        values: tuple[int | bytes, ...],
        parent: "Entry | None",
    ) -> None:
        self.unit = unit
        self.offset = offset
        self.abbreviation = abbreviation
        self.values = values
        self.parent = parent
        self.children: list[Entry] = [] if abbreviation.has_children else _NO_ENTRIES

    @property
    def tag(self) -> int:
        """DW_TAG_*."""
        return self.abbreviation.tag

    def has(self, attribute: int) -> bool:
        """Whether the entry itself carries the attribute."""
        return attribute in self.abbreviation.forms

    def form(self, attribute: int) -> int:
        """DW_FORM_* of an attribute that the entry has."""
        return self.abbreviation.forms[attribute]

    def form_of(self, attribute: int) -> int | None:
        """DW_FORM_* of an attribute; None when the entry lacks it."""
        return self.abbreviation.forms.get(attribute)

    # The methods below are called a million times for a large program, so they look attributes up themselves.

    def number(self, attribute: int) -> int | None:
        """A constant or flag; None when it is missing or not a number."""
        abbreviation = self.abbreviation
        slot = abbreviation.slots.get(attribute)
        if slot is None:
            return abbreviation.constants.get(attribute)
        value = self.values[slot]
        return value if isinstance(value, int) and abbreviation.forms[attribute] not in _ADDRESS_FORMS else None

    def natural(self, attribute: int) -> int | None:
        """A constant that is not negative; None otherwise."""
        value = self.number(attribute)
        return None if value is None or value < 0 else value

    def block(self, attribute: int) -> bytes | None:
        """An expression or block of bytes."""
        slot = self.abbreviation.slots.get(attribute)
        value = None if slot is None else self.values[slot]
        return value if isinstance(value, bytes) and self.abbreviation.forms[attribute] in _BLOCKS else None

    def address(self, attribute: int) -> int | None:
        """An address, through `.debug_addr` where needed."""
        slot = self.abbreviation.slots.get(attribute)
        if slot is None:
            return None
        value, form = self.values[slot], self.abbreviation.forms[attribute]
        if form == Form.ADDR:
            return value if isinstance(value, int) else None
        if form in _ADDRESS_FORMS:
            return self.unit.indexed_address(_index(value))
        return None

    def text(self, attribute: int) -> str | None:
        """A string, wherever it is kept."""
        slot = self.abbreviation.slots.get(attribute)
        if slot is None:
            return None
        value, form = self.values[slot], self.abbreviation.forms[attribute]
        if form == Form.STRP:
            return self.unit.info.string(_index(value))
        if form == Form.STRING:
            return value.decode("utf-8", "replace") if isinstance(value, bytes) else None
        if form == Form.LINE_STRP:
            return self.unit.info.line_string(_index(value))
        if form in _STRING_INDEXES:
            return self.unit.indexed_string(_index(value))
        return None

    def list_offset(self, attribute: int) -> int | None:
        """Offset of a range or location list when the attribute has the form of one (not through an index)."""
        slot = self.abbreviation.slots.get(attribute)
        value = None if slot is None else self.values[slot]
        return value if isinstance(value, int) and self.abbreviation.forms[attribute] in _LIST_FORMS else None

    def reference(self, attribute: int) -> "Entry | None":
        """The entry that the attribute points at."""
        offset = self.target(attribute)
        return None if offset is None else self.unit.info.by_offset.get(offset)

    def target(self, attribute: int) -> int | None:
        """Offset of the entry that the attribute points at; a damaged file may have none there."""
        abbreviation = self.abbreviation
        slot = abbreviation.slots.get(attribute)
        if slot is None:
            return None
        value = self.values[slot]
        if not isinstance(value, int):
            return None
        form = abbreviation.forms[attribute]
        if form in _LOCAL_REFERENCES:
            return self.unit.offset + value
        if form == Form.REF_ADDR:
            return value
        found = self.unit.info.by_signature.get(value) if form == Form.REF_SIG8 else None
        return None if found is None else found.offset

    def origin(self) -> "Entry | None":
        """What the entry is a concrete instance or the definition of."""
        attribute = self.abbreviation.origin
        return None if attribute is None else self.reference(attribute)

    def origins(self) -> "Iterator[Entry]":
        """The entry itself, then its origin, that one's origin, and so on."""
        entry: Entry | None = self
        for _ in range(_MOST_HOPS):
            if entry is None:
                return
            yield entry
            entry = entry.origin()

    def oldest(self) -> "Entry":
        """The last of `origins`: where the source declares what this entry is about."""
        entry = self
        for _ in range(_MOST_HOPS):
            origin = entry.origin()
            if origin is None:
                break
            entry = origin
        return entry

    def inherited(self, attribute: int) -> "Entry":
        """The first entry along `origins` that has the attribute; the entry itself when none has."""
        entry: Entry | None = self
        for _ in range(_MOST_HOPS):
            if attribute in entry.abbreviation.forms:
                return entry
            entry = entry.origin()
            if entry is None:
                break
        return self


def _index(value: int | bytes) -> int:
    return value if isinstance(value, int) else int.from_bytes(value, "little")


@dataclass(slots=True, eq=False)
class Unit:
    """One compilation unit: its header, its entries in file order, and the bases its indexed forms count from."""

    info: "DebugInfo"
    offset: int
    layout: Layout
    entries: list[Entry] = field(default_factory=list[Entry])
    _heeds_calls: bool | None = None

    @property
    def root(self) -> Entry:
        """The unit's own entry."""
        return self.entries[0]

    @property
    def is_split(self) -> bool:
        """Whether its contents are in another file, whose name is all that it has (DWARF 5, 3.1.2; GNU's in 4)."""
        root = self.root
        return root.text(At.NAME) is None and bool(root.text(At.DWO_NAME) or root.text(At.GNU_DWO_NAME))

    @property
    def heeds_calls(self) -> bool:
        """Whether a location list has a variable in a register during a call only if the call leaves that alone.

        So it is with GCC: its pass `var-tracking`, which alone makes lists, ends at a call what is in registers that
        the call may change: all those of the ABI, or fewer where the callee is known (-fipa-ra). Other compilers end
        that behind the call, or where something else gets into the register.
        """
        if self._heeds_calls is None:
            self._heeds_calls = (self.root.text(At.PRODUCER) or "").startswith("GNU ")
        return self._heeds_calls

    def base_address(self) -> int:
        """What the unit's range and location lists count from (DW_AT_low_pc, else 0)."""
        return self.root.address(At.LOW_PC) or 0

    def indexed_address(self, index: int) -> int | None:
        """Entry of `.debug_addr` (DWARF 5, section 7.27)."""
        base = self.root.natural(At.ADDR_BASE)
        if base is None:
            base = self.root.natural(At.GNU_ADDR_BASE) if self.layout.version < 5 else 8
        size = self.layout.address_size
        start = (base or 0) + index * size
        raw = self.info.sections.addr[start : start + size]
        return int.from_bytes(raw, "little") if len(raw) == size else None

    def indexed_string(self, index: int) -> str | None:
        """Entry of `.debug_str_offsets` (DWARF 5, section 7.26)."""
        base = self.root.natural(At.STR_OFFSETS_BASE)
        size = self.layout.offset_size
        start = (8 if base is None else base) + index * size
        raw = self.info.sections.str_offsets[start : start + size]
        return self.info.string(int.from_bytes(raw, "little")) if len(raw) == size else None


class DebugInfo:
    """All units of `.debug_info` and, in DWARF 4, of `.debug_types`, whose offsets count on from the end of the former.

    A unit that cannot be read is left out and counted in `skipped`: one odd object file must not cost the others.

    Raises:
        LimitExceeded: here and from whatever reads further, when that costs too much.
    """

    def __init__(self, sections: Sections, allowance: Allowance, progress: Progress = unheard) -> None:
        self.sections = sections
        self.allowance = allowance
        self.units: list[Unit] = []
        self.by_offset: dict[int, Entry] = {}
        self.by_signature: dict[int, Entry] = {}
        self.skipped = 0
        self._strings: dict[int, str] = {}
        self._data = sections.info + sections.types
        self._abbreviations = AbbreviationCache(sections.abbrev, allowance)
        self._read_units(progress)

    def string(self, offset: int) -> str | None:
        """String of `.debug_str`."""
        text = self._strings.get(offset)
        if text is None:
            text = _string_at(self.sections.str, offset)
            if text is not None:
                self.allowance.keep(len(text))
                self._strings[offset] = text
        return text

    def line_string(self, offset: int) -> str | None:
        """String of `.debug_line_str`."""
        text = _string_at(self.sections.line_str, offset)
        self.allowance.keep(len(text or ""))
        return text

    def _read_units(self, progress: Progress) -> None:
        data = self._data
        position = 0
        while position + 4 <= len(data):
            try:
                length, start = initial_length(data, position)
            except _PARSE_ERRORS:
                self.skipped += 1
                return
            end = start + length
            if end > len(data) or length == 0:
                self.skipped += 1
                return
            try:
                self._read_unit(position, start, end)
            except _PARSE_ERRORS:
                self.skipped += 1
            position = end
            progress(position, len(data))

    def _read_unit(self, offset: int, position: int, end: int) -> None:
        layout, abbreviations, kind, position = self._read_header(offset, position)
        signature = type_offset = None
        if kind in (_UT_TYPE, _UT_SPLIT_TYPE):
            signature = struct.unpack_from("<Q", self._data, position)[0]
            type_offset = int.from_bytes(self._data[position + 8 : position + 8 + layout.offset_size], "little")
            position += 8 + layout.offset_size
        elif kind in (_UT_SKELETON, _UT_SPLIT_COMPILE):
            position += 8
        unit = Unit(self, offset, layout)
        self._read_entries(unit, self._abbreviations.table(abbreviations, layout), position, end)
        if not unit.entries:
            return
        self.units.append(unit)
        self.allowance.spend(len(unit.entries))
        for entry in unit.entries:
            self.by_offset[entry.offset] = entry
        if signature is not None and type_offset is not None:
            target = self.by_offset.get(offset + type_offset)
            if target is not None:
                self.by_signature[signature] = target

    def _read_header(self, offset: int, position: int) -> tuple[Layout, int, int, int]:
        """Layout, offset of the abbreviations, DW_UT_*, position behind what all kinds of unit have."""
        data = self._data
        offset_size = 8 if data[offset : offset + 4] == b"\xff\xff\xff\xff" else 4
        word = "<I" if offset_size == 4 else "<Q"
        version = struct.unpack_from("<H", data, position)[0]
        position += 2
        if not 2 <= version <= 5:
            raise MalformedDwarf(f"Debug information of version {version} is not supported.")
        if version >= 5:
            kind, address_size = data[position], data[position + 1]
            abbreviations = struct.unpack_from(word, data, position + 2)[0]
            position += 2 + offset_size
        else:
            kind = _UT_TYPE if offset >= len(self.sections.info) else _UT_COMPILE
            abbreviations = struct.unpack_from(word, data, position)[0]
            address_size = data[position + offset_size]
            position += offset_size + 1
        return Layout(version, address_size, offset_size), abbreviations, kind, position

    def _read_entries(self, unit: Unit, table: dict[int, Abbreviation], position: int, end: int) -> None:  # noqa: C901 - one loop for speed
        """The hot loop: one turn per entry."""
        data = self._data
        entries = unit.entries
        ancestors: list[Entry | None] = []
        parent: Entry | None = None
        most = self.allowance.steps
        while position < end:
            offset = position
            code = data[position]
            position += 1
            if code >= 0x80:
                code, position = leb128.unsigned(data, offset)
            if code == 0:
                if not ancestors:
                    break
                parent = ancestors.pop()
                continue
            abbreviation = table[code]
            fixed = abbreviation.fixed
            if fixed is not None:
                values = fixed.unpack_from(data, position)
                position += fixed.size
            else:
                values, position = abbreviation.read(data, position)
            entry = Entry(unit, offset, abbreviation, values, parent)
            entries.append(entry)
            if len(entries) > most:
                return
            if parent is not None:
                parent.children.append(entry)
            if abbreviation.has_children:
                if len(ancestors) >= MOST_DEPTH:
                    raise MalformedDwarf("Debugging information entries are nested too deeply.")
                ancestors.append(parent)
                parent = entry
            elif parent is None:
                break
        if position > end:
            raise MalformedDwarf("An entry reaches beyond its unit.")


def initial_length(data: bytes, position: int) -> tuple[int, int]:
    """(length, position behind the length field) of a unit in any debug section (DWARF 5, section 7.4)."""
    length = struct.unpack_from("<I", data, position)[0]
    if length == 0xFFFFFFFF:
        return struct.unpack_from("<Q", data, position + 4)[0], position + 12
    if length >= 0xFFFFFFF0:
        raise MalformedDwarf("A unit's length has a reserved value.")
    return length, position + 4


def _string_at(section: bytes, offset: int) -> str | None:
    if offset >= len(section):
        return None
    limit = offset + MOST_NAME
    end = section.find(b"\0", offset, limit)
    return section[offset : end if end >= 0 else limit].decode("utf-8", "replace")


TYPE_TAGS: Final = frozenset(
    {
        Tag.ARRAY_TYPE,
        Tag.CLASS_TYPE,
        Tag.ENUMERATION_TYPE,
        Tag.POINTER_TYPE,
        Tag.REFERENCE_TYPE,
        Tag.STRUCTURE_TYPE,
        Tag.SUBROUTINE_TYPE,
        Tag.TYPEDEF,
        Tag.TEMPLATE_ALIAS,
        Tag.UNION_TYPE,
        Tag.PTR_TO_MEMBER_TYPE,
        Tag.BASE_TYPE,
        Tag.CONST_TYPE,
        Tag.VOLATILE_TYPE,
        Tag.RESTRICT_TYPE,
        Tag.UNSPECIFIED_TYPE,
        Tag.RVALUE_REFERENCE_TYPE,
        Tag.ATOMIC_TYPE,
    }
)
"""Entries that are types."""
