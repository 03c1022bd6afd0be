"""Debugging information entries: `.debug_info` as a tree (DWARF 5, sections 2 and 7.5).

A reference may point anywhere; what it points at is looked up when it is asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from analyzer.symbols.allowance import Allowance
from analyzer.symbols.dwarf.abbreviations import Abbreviation, Layout
from analyzer.symbols.dwarf.constants import At, Form
from analyzer.symbols.dwarf.sections import Sections, string_at

_MOST_HOPS = 16
"""Abstract origins and specifications form chains of two or three."""

_ADDRESS_FORMS = frozenset(
    {Form.ADDR, Form.ADDRX, Form.ADDRX1, Form.ADDRX2, Form.ADDRX3, Form.ADDRX4, Form.GNU_ADDR_INDEX}
)
_LOCAL_REFERENCES = frozenset({Form.REF1, Form.REF2, Form.REF4, Form.REF8, Form.REF_UDATA})
_STRING_INDEXES = frozenset({Form.STRX, Form.STRX1, Form.STRX2, Form.STRX3, Form.STRX4, Form.GNU_STR_INDEX})
_BLOCKS = frozenset({Form.EXPRLOC, Form.BLOCK, Form.BLOCK1, Form.BLOCK2, Form.BLOCK4, Form.DATA16})
_LIST_FORMS = frozenset({Form.SEC_OFFSET, Form.DATA4, Form.DATA8})
_NO_ENTRIES: Final[list["Entry"]] = []


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

    `skipped` counts the units that could not be read.

    Raises:
        LimitExceeded: from whatever reads here, when that costs too much.
    """

    def __init__(self, sections: Sections, allowance: Allowance) -> None:
        self.sections = sections
        self.allowance = allowance
        self.units: list[Unit] = []
        self.by_offset: dict[int, Entry] = {}
        self.by_signature: dict[int, Entry] = {}
        self.skipped = 0
        self._strings: dict[int, str] = {}

    def string(self, offset: int) -> str | None:
        """String of `.debug_str`."""
        text = self._strings.get(offset)
        if text is None:
            text = string_at(self.sections.str, offset)
            if text is not None:
                self.allowance.keep(len(text))
                self._strings[offset] = text
        return text

    def line_string(self, offset: int) -> str | None:
        """String of `.debug_line_str`."""
        text = string_at(self.sections.line_str, offset)
        self.allowance.keep(len(text or ""))
        return text
