"""Line number programs (DWARF 5, section 6.2), versions 2 to 5."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from posixpath import normpath

from analyzer.symbols.allowance import Allowance
from analyzer.symbols.dwarf import leb128
from analyzer.symbols.dwarf.constants import Form
from analyzer.symbols.dwarf.leb128 import MalformedDwarf
from analyzer.symbols.dwarf.sections import MOST_NAME, Sections, initial_length

MOST_ROWS = 4_000_000
"""Rows of one program that are still read."""

Row = tuple[int, int, int, bool]
"""Address, number of the file, line, whether a statement starts here."""

_MOST_FILES = 65_536
_LNCT_PATH, _LNCT_DIRECTORY_INDEX = 1, 2


@dataclass(frozen=True, slots=True)
class LineSpan:
    """Addresses [start, end) that came from one source line; line 0 means that no line is known."""

    start: int
    end: int
    file: str | None
    line: int


class LineProgram:
    """The header and the rows of one unit's program.

    `files` maps a file number, as used by DW_AT_call_file too, to `directory/name` as the compiler gave it, but for
    detours (`a/../b`).

    Raises:
        MalformedDwarf, IndexError, struct.error: the program is damaged.
    """

    def __init__(self, sections: Sections, offset: int, address_size: int, allowance: Allowance) -> None:
        data = sections.line
        length, position = initial_length(data, offset)
        offset_size = 8 if position - offset == 12 else 4
        self._end = position + length
        if self._end > len(data):
            raise MalformedDwarf("A line number program reaches beyond its section.")
        version = struct.unpack_from("<H", data, position)[0]
        position += 2
        if not 2 <= version <= 5:
            raise MalformedDwarf(f"Line number programs of version {version} are not supported.")
        if version >= 5:
            address_size = data[position]
            position += 2
        header_length = int.from_bytes(data[position : position + offset_size], "little")
        position += offset_size
        self._start = position + header_length
        self._minimum = data[position]
        position += 2 if version >= 4 else 1
        self._default_is_stmt = data[position] != 0
        self._line_base = struct.unpack_from("<b", data, position + 1)[0]
        self._line_range = data[position + 2]
        self._opcode_base = data[position + 3]
        if self._line_range == 0 or self._opcode_base == 0:
            raise MalformedDwarf("A line number program's header makes no sense.")
        position += 4
        self._lengths = data[position : position + self._opcode_base - 1]
        position += self._opcode_base - 1
        self._address_size = address_size
        self._allowance = allowance
        self._data = data
        self.files: dict[int, str] = {}
        if version >= 5:
            self._read_modern_files(sections, position, offset_size)
        else:
            self._read_classic_files(position)

    def _read_classic_files(self, position: int) -> None:
        data = self._data
        directories = [""]
        while len(directories) < _MOST_FILES:
            name, position = _string(data, position)
            if not name:
                break
            directories.append(name)
        while len(self.files) < _MOST_FILES:
            name, position = _string(data, position)
            if not name:
                break
            directory, position = leb128.unsigned(data, position)
            _, position = leb128.unsigned(data, position)
            _, position = leb128.unsigned(data, position)
            self._name(len(self.files) + 1, _join(directories, directory, name))

    def _read_modern_files(self, sections: Sections, position: int, offset_size: int) -> None:
        rows, position = self._read_table(sections, position, offset_size)
        # Directory 0 is where the compiler ran; names relative to it are left as the compiler was given them.
        directories = ["", *(str(row.get(_LNCT_PATH, "")) for row in rows[1:])]
        rows, position = self._read_table(sections, position, offset_size)
        for number, row in enumerate(rows):
            directory = row.get(_LNCT_DIRECTORY_INDEX, 0)
            name = str(row.get(_LNCT_PATH, ""))
            self._name(number, _join(directories, directory if isinstance(directory, int) else 0, name))

    def _name(self, number: int, name: str) -> None:
        self._allowance.keep(len(name))
        self.files[number] = name

    def _read_table(
        self, sections: Sections, position: int, offset_size: int
    ) -> tuple[list[dict[int, int | str]], int]:
        data = self._data
        columns: list[tuple[int, int]] = []
        count = data[position]
        position += 1
        for _ in range(count):
            content, position = leb128.unsigned(data, position)
            form, position = leb128.unsigned(data, position)
            columns.append((content, form))
        count, position = leb128.unsigned(data, position)
        if count > _MOST_FILES or (count and not columns):
            raise MalformedDwarf("A line number program names too many files.")
        rows: list[dict[int, int | str]] = []
        for _ in range(count):
            row: dict[int, int | str] = {}
            for content, form in columns:
                row[content], position = self._read_column(sections, form, position, offset_size)
            rows.append(row)
        return rows, position

    def _read_column(self, sections: Sections, form: int, position: int, offset_size: int) -> tuple[int | str, int]:
        data = self._data
        if form == Form.STRING:
            return _string(data, position)
        if form in (Form.LINE_STRP, Form.STRP):
            section = sections.line_str if form == Form.LINE_STRP else sections.str
            offset = int.from_bytes(data[position : position + offset_size], "little")
            name = _string(section, offset)[0]
            self._allowance.keep(len(name))
            return name, position + offset_size
        if form == Form.UDATA:
            return leb128.unsigned(data, position)
        sizes = {Form.DATA1: 1, Form.DATA2: 2, Form.DATA4: 4, Form.DATA8: 8, Form.DATA16: 16}
        if form in sizes:
            size = sizes[form]
            return int.from_bytes(data[position : position + size], "little"), position + size
        if form == Form.BLOCK:
            size, position = leb128.unsigned(data, position)
            return 0, position + size
        raise MalformedDwarf(f"A line number program uses form {form:#x}, which is not supported.")

    def spans(self, is_present: Callable[[int], bool]) -> Iterator[LineSpan]:
        """Every stretch of code between two rows, in the order of the program.

        Sequences that start where no code is were thrown away by the linker; they are left out whole.
        """
        for rows in self._sequences():
            if is_present(rows[0][0]):
                yield from self._spans_of(rows)

    def _spans_of(self, rows: list[Row]) -> Iterator[LineSpan]:
        """The last row of an address counts, but one that starts a statement goes before one that does not."""
        position = 0
        last = len(rows) - 1
        while position < last:
            address = rows[position][0]
            end = position
            while end + 1 < last and rows[end + 1][0] == address:
                end += 1
            best = end
            while best > position and not rows[best][3] and rows[best - 1][2]:
                best -= 1
            if not rows[best][3]:
                best = end
            _, file, line, _ = rows[best]
            following = rows[end + 1][0]
            if following > address:
                yield LineSpan(address, following, self.files.get(file), line)
            position = end + 1

    def _sequences(self) -> Iterator[list[Row]]:  # noqa: C901, PLR0912, PLR0915 - the state machine of section 6.2.5
        """Rows of each sequence; the last row is where the sequence ends."""
        data, end = self._data, self._end
        position = self._start
        opcode_base, line_base, line_range, minimum = (
            self._opcode_base,
            self._line_base,
            self._line_range,
            self._minimum,
        )
        constant_advance = (255 - opcode_base) // line_range * minimum
        # Programs may overlap: that each has a bound of its own is not enough.
        self._allowance.spend((end - position) // 2)
        rows = _Rows(self._default_is_stmt)
        total = 0
        while position < end:
            opcode = data[position]
            position += 1
            if opcode >= opcode_base:
                advance, step = divmod(opcode - opcode_base, line_range)
                rows.address += advance * minimum
                rows.advance_line(line_base + step)
                rows.append()
            elif opcode == 5:  # DW_LNS_set_column, the most frequent of all
                _, position = leb128.unsigned(data, position)
            elif opcode == 0:
                size, position = leb128.unsigned(data, position)
                if size == 0:
                    continue
                following = position + size
                operation = data[position]
                if operation == 1:  # DW_LNE_end_sequence
                    rows.append(force=True)
                    yield rows.rows
                    total += len(rows.rows)
                    rows = _Rows(self._default_is_stmt)
                elif operation == 2:  # DW_LNE_set_address
                    rows.address = int.from_bytes(data[position + 1 : following], "little")
                elif operation == 4:  # DW_LNE_set_discriminator
                    rows.discriminator, _ = leb128.unsigned(data, position + 1)
                    rows.discriminated |= rows.discriminator != 0
                position = following
            elif opcode == 1:  # DW_LNS_copy
                rows.append()
            elif opcode == 2:  # DW_LNS_advance_pc
                advance, position = leb128.unsigned(data, position)
                rows.address += advance * minimum
            elif opcode == 3:  # DW_LNS_advance_line
                step, position = leb128.signed(data, position)
                rows.advance_line(step)
            elif opcode == 4:  # DW_LNS_set_file
                rows.file, position = leb128.unsigned(data, position)
            elif opcode == 6:  # DW_LNS_negate_stmt
                rows.is_stmt = not rows.is_stmt
            elif opcode == 8:  # DW_LNS_const_add_pc
                rows.address += constant_advance
            elif opcode == 9:  # DW_LNS_fixed_advance_pc
                rows.address += data[position] | data[position + 1] << 8
                position += 2
            else:  # basic block, prologue, epilogue, isa, and what later versions may add
                for _ in range(self._lengths[opcode - 1]):
                    _, position = leb128.unsigned(data, position)
            if total + len(rows.rows) > MOST_ROWS:
                raise MalformedDwarf("A line number program has too many rows.")


class _Rows:
    """The registers of the state machine and the rows of the current sequence.

    Rows that start no new line are left out, by the rules that gdb goes by: those that belong to no line (line 0);
    those that repeat the line before only to tell blocks of one line apart (by a discriminator); and those of another
    file that start no statement at an address where one starts already.
    """

    __slots__ = (
        "address",
        "discriminated",
        "discriminator",
        "file",
        "is_stmt",
        "last_address",
        "last_file",
        "last_line",
        "line",
        "rows",
        "statement_here",
    )

    def __init__(self, is_stmt: bool) -> None:  # noqa: FBT001 - one register of the machine
        self.address = 0
        self.file = 1
        self.line = 1
        self.is_stmt = is_stmt
        self.discriminator = 0
        self.discriminated = False
        self.last_address: int | None = None
        self.last_file = 0
        self.last_line = 0
        self.statement_here = False
        self.rows: list[Row] = []

    def advance_line(self, step: int) -> None:
        """Go to another line."""
        if step:
            self.line += step
            self.discriminated = self.discriminator != 0

    def append(self, *, force: bool = False) -> None:
        """Add a row to the sequence."""
        other_file = self.file != self.last_file
        hidden = other_file and not self.is_stmt and self.statement_here and self.address == self.last_address
        if force or (self.line and not hidden):
            if force or other_file or self.line != self.last_line or not self.discriminated:
                self.rows.append((self.address, self.file, self.line, self.is_stmt))
                self.last_file = self.file
            self.last_line = self.line
        if self.address != self.last_address:
            self.statement_here = False
            self.last_address = self.address
        self.statement_here |= self.is_stmt
        self.discriminator = 0


def _string(data: bytes, position: int) -> tuple[str, int]:
    end = data.find(b"\0", position)
    if end < 0 or position > len(data):
        raise MalformedDwarf("A string of a line number program has no end.")
    return data[position : min(end, position + MOST_NAME)].decode("utf-8", "replace"), end + 1


def _join(directories: list[str], index: int, name: str) -> str:
    directory = directories[index] if index < len(directories) else ""
    path = name if name.startswith("/") or not directory else f"{directory.rstrip('/')}/{name}"
    # One file is one name, by whatever way it was included.
    return normpath(path) if "/../" in path else path
