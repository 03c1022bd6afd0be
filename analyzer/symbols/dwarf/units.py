"""Reading units: their headers (DWARF 5, section 7.5.1), and their entries as a tree.

All units are read in one pass before anything is resolved, so references may point anywhere.
"""

import struct

from analyzer.symbols.allowance import Allowance
from analyzer.symbols.dwarf import leb128
from analyzer.symbols.dwarf.abbreviations import Abbreviation, AbbreviationCache, Layout
from analyzer.symbols.dwarf.entries import DebugInfo, Entry, Unit
from analyzer.symbols.dwarf.leb128 import MalformedDwarf
from analyzer.symbols.dwarf.sections import Sections, initial_length
from analyzer.symbols.progress import Progress, unheard

MOST_DEPTH = 100
"""Nesting that is still followed; compilers stay far below."""

_UT_COMPILE, _UT_TYPE, _UT_PARTIAL, _UT_SKELETON, _UT_SPLIT_COMPILE, _UT_SPLIT_TYPE = 1, 2, 3, 4, 5, 6
_PARSE_ERRORS = (IndexError, KeyError, struct.error, MalformedDwarf)


def read_units(sections: Sections, allowance: Allowance, progress: Progress = unheard) -> DebugInfo:
    """All that can be read of `.debug_info` and `.debug_types`.

    A unit that cannot be read is left out and counted in `skipped`: one odd object file must not cost the others.

    Raises:
        LimitExceeded: it costs too much.
    """
    reader = _Reader(sections, allowance)
    reader.run(progress)
    return reader.info


class _Reader:
    """One pass over all units."""

    def __init__(self, sections: Sections, allowance: Allowance) -> None:
        self.info = DebugInfo(sections, allowance)
        self.data = sections.info + sections.types
        self.abbreviations = AbbreviationCache(sections.abbrev, allowance)

    def run(self, progress: Progress) -> None:
        data = self.data
        position = 0
        while position + 4 <= len(data):
            try:
                length, start = initial_length(data, position)
            except _PARSE_ERRORS:
                self.info.skipped += 1
                return
            end = start + length
            if end > len(data) or length == 0:
                self.info.skipped += 1
                return
            try:
                self._unit(position, start, end)
            except _PARSE_ERRORS:
                self.info.skipped += 1
            position = end
            progress(position, len(data))

    def _unit(self, offset: int, position: int, end: int) -> None:
        layout, abbreviations, kind, position = self._header(offset, position)
        signature = type_offset = None
        if kind in (_UT_TYPE, _UT_SPLIT_TYPE):
            signature = struct.unpack_from("<Q", self.data, position)[0]
            type_offset = int.from_bytes(self.data[position + 8 : position + 8 + layout.offset_size], "little")
            position += 8 + layout.offset_size
        elif kind in (_UT_SKELETON, _UT_SPLIT_COMPILE):
            position += 8
        info = self.info
        unit = Unit(info, offset, layout)
        self._entries(unit, self.abbreviations.table(abbreviations, layout), position, end)
        if not unit.entries:
            return
        info.units.append(unit)
        info.allowance.spend(len(unit.entries))
        by_offset = info.by_offset
        for entry in unit.entries:
            by_offset[entry.offset] = entry
        if signature is not None and type_offset is not None:
            target = by_offset.get(offset + type_offset)
            if target is not None:
                info.by_signature[signature] = target

    def _header(self, offset: int, position: int) -> tuple[Layout, int, int, int]:
        """Layout, offset of the abbreviations, DW_UT_*, position behind what all kinds of unit have."""
        data = self.data
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
            kind = _UT_TYPE if offset >= len(self.info.sections.info) else _UT_COMPILE
            abbreviations = struct.unpack_from(word, data, position)[0]
            address_size = data[position + offset_size]
            position += offset_size + 1
        return Layout(version, address_size, offset_size), abbreviations, kind, position

    def _entries(self, unit: Unit, table: dict[int, Abbreviation], position: int, end: int) -> None:  # noqa: C901 - one loop for speed
        """The hot loop: one turn per entry."""
        data = self.data
        entries = unit.entries
        ancestors: list[Entry | None] = []
        parent: Entry | None = None
        most = self.info.allowance.steps
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
