"""Exception handling tables of ARM as unwind rows: `.ARM.exidx` and `.ARM.extab` (Exception Handling ABI, IHI 0038).

The tables describe a function's stack between its prologue and its epilogue only, one description for all of it.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from analyzer.symbols.elf import Image, Section
from analyzer.symbols.interface import RegisterRule, RowSource, RuleKind, UnwindRow

_SP, _LR, _PC, _D0 = 13, 14, 15, 256
_SHT_ARM_EXIDX = 0x70000001
_CANT_UNWIND = 1
_COMPACT = 1 << 31
_ENTRY = 8
_NO_ENTRY = 1 << 32
_FINISH = 0xB0
_WORD = 4
_PERSONALITIES = frozenset({"__gxx_personality_v0", "__gcc_personality_v0", "rust_eh_personality"})
"""Routines whose tables start with a description as the ABI's own ones do."""
_MOST_SAVED = 1 << 16
CANNOT = UnwindRow(_SP, 0, b"", {_LR: RegisterRule(RuleKind.UNDEFINED)}, _LR, False, RowSource.EXIDX)  # noqa: FBT003
"""Of code that the firmware says cannot be unwound."""


class Undescribed(Exception):
    """What no row can say, or nothing that makes sense."""


class _Refused(Exception):
    """The instruction that refuses to unwind."""


def exception_spans(image: Image) -> Iterator[tuple[int, int, UnwindRow]]:
    """Start address, end address (exclusive) and row of each function that the tables describe; damage is left out.

    The ABI lets an entry reach to the next one. Linkers fill no gaps between them for code that was assembled without a
    description, so that no entry is believed beyond the function that it starts in. Of a stripped image, where nothing
    tells the functions, only what describes a stack is believed, and nothing of the last entry.
    """
    table = next((one for one in image.sections if one.kind == _SHT_ARM_EXIDX and one.has_bytes), None)
    if table is None:
        return
    personalities = {
        one.symbol.address for one in image.symbols() if one.symbol.name in _PERSONALITIES and one.symbol.is_function
    }
    ends = _Ends(image)
    entries = sorted(_entries(table))
    for (start, place, content), following in pairwise([*entries, (_NO_ENTRY, 0, 0)]):
        end = ends.of(start, following[0])
        if end is None or end <= start:
            continue
        try:
            row = _row(image, place, content, personalities)
        except Undescribed:
            continue
        if ends.are_known or (row != CANNOT and following[0] < _NO_ENTRY):
            yield start, end, row


def _entries(table: Section) -> Iterator[tuple[int, int, int]]:
    """Address of a function, address and value of its entry's second word."""
    for offset in range(0, len(table.content) - _ENTRY + 1, _ENTRY):
        first = int.from_bytes(table.content[offset : offset + 4], "little")
        second = int.from_bytes(table.content[offset + 4 : offset + 8], "little")
        if not first & _COMPACT:
            yield _relative(first, table.address + offset) & ~1, table.address + offset + 4, second


def _relative(word: int, place: int) -> int:
    """Where a word points that holds a distance of 31 bits, signed."""
    distance = word & 0x7FFFFFFF
    return (place + distance - ((distance & 0x40000000) << 1)) & 0xFFFFFFFF


class _Ends:
    """Where functions end, by their symbols; by their sections where the image is stripped."""

    def __init__(self, image: Image) -> None:
        functions = sorted(
            (one.symbol.address, one.symbol.address + one.symbol.size)
            for one in image.symbols()
            if one.symbol.is_function and one.symbol.size
        )
        sections = sorted(
            (one.address, one.address + one.size) for one in image.sections if one.is_allocated and one.is_executable
        )
        self.are_known = bool(functions)
        self._spans = [_Spans(functions)] if functions else [_Spans(sections)]

    def of(self, address: int, following: int) -> int | None:
        """The end of the function at an address, before the next one that is described; None where there is no code."""
        found = [end for spans in self._spans if (end := spans.end(address)) is not None]
        return min(found[0], following) if found else None


class _Spans:
    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._spans = spans
        self._starts = [start for start, _ in spans]

    def end(self, address: int) -> int | None:
        place = bisect_right(self._starts, address) - 1
        return self._spans[place][1] if place >= 0 and address < self._spans[place][1] else None


def _row(image: Image, place: int, content: int, personalities: set[int]) -> UnwindRow:
    if content == _CANT_UNWIND:
        return CANNOT
    if content & _COMPACT:
        return decode(_instructions(image, place, content))
    place = _relative(content, place)
    content = _word(image, place)
    if content & _COMPACT:
        return decode(_instructions(image, place, content))
    if _relative(content, place) & ~1 not in personalities:
        raise Undescribed
    first = _word(image, place + _WORD)
    return decode(first.to_bytes(4, "big")[1:] + _words(image, place + 2 * _WORD, first >> 24))


def _instructions(image: Image, place: int, content: int) -> bytes:
    """The bytes of a description of one of the ABI's own three kinds."""
    match content >> 24 & 0x7F:
        case 0:
            return content.to_bytes(4, "big")[1:]
        case 1 | 2:
            return content.to_bytes(4, "big")[2:] + _words(image, place + _WORD, content >> 16 & 0xFF)
        case _:
            raise Undescribed


def _word(image: Image, address: int) -> int:
    raw = image.bytes_at(address, _WORD)
    if raw is None:
        raise Undescribed
    return int.from_bytes(raw, "little")


def _words(image: Image, address: int, count: int) -> bytes:
    return b"".join(_word(image, address + _WORD * index).to_bytes(4, "big") for index in range(count))


def decode(instructions: bytes) -> UnwindRow:
    """The row that unwinding instructions come to (IHI 0038, section 10.3).

    Raises:
        Undescribed: they ask for what a row cannot say, or are none.
    """
    state = _Stack(iter(instructions))
    try:
        for instruction in state.rest:
            if instruction == _FINISH:
                break
            state.run(instruction)
    except _Refused:
        return CANNOT
    return state.row()


class _Stack:
    """The virtual stack pointer, as a distance from the register that it was last set from."""

    def __init__(self, rest: Iterator[int]) -> None:
        self.rest = rest
        self._base = _SP
        self._offset = 0
        self._saved: dict[int, int] = {}

    def _next(self) -> int:
        found = next(self.rest, None)
        if found is None:
            raise Undescribed
        return found

    def run(self, instruction: int) -> None:
        """One instruction."""
        low = instruction & 7
        match instruction >> 4:
            case 0 | 1 | 2 | 3:
                self._move((instruction & 0x3F) * 4 + 4)
            case 4 | 5 | 6 | 7:
                self._move(-((instruction & 0x3F) * 4 + 4))
            case 8:
                mask = (instruction & 15) << 8 | self._next()
                if not mask:
                    raise _Refused
                self._pop_mask(mask, 4)
            case 9:
                self._set(instruction & 15)
            case 10:
                self._pop(*range(4, 5 + low), *((_LR,) if instruction & 8 else ()))
            case 11:
                self._run_11(instruction)
            case 12 if instruction == 0xC9:
                packed = self._next()
                self._pop_doubles(packed >> 4, (packed & 15) + 1)
            case 13 if not instruction & 8:
                self._pop_doubles(8, low + 1)
            case _:
                raise Undescribed

    def _run_11(self, instruction: int) -> None:
        """Instructions 1011...."""
        if instruction & 8:
            self._pop_doubles(8, (instruction & 7) + 1)
            self._move(_WORD)
        elif instruction == 0xB1:
            mask = self._next()
            if not 0 < mask < 16:
                raise Undescribed
            self._pop_mask(mask, 0)
        elif instruction == 0xB2:
            self._move(0x204 + self._uleb128() * 4)
        elif instruction == 0xB3:
            packed = self._next()
            self._pop_doubles(packed >> 4, (packed & 15) + 1)
            self._move(_WORD)
        else:
            raise Undescribed

    def _uleb128(self) -> int:
        value = shift = 0
        while True:
            byte = self._next()
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value
            if shift > 28:
                raise Undescribed

    def _move(self, distance: int) -> None:
        self._offset += distance

    def _set(self, register: int) -> None:
        if register in (_SP, _PC) or self._saved:
            # What was found so far is counted from the register before; no compiler writes that.
            raise Undescribed
        self._base, self._offset = register, 0

    def _pop(self, *registers: int) -> None:
        for register in registers:
            self._saved[register] = self._offset
            self._offset += _WORD

    def _pop_mask(self, mask: int, first: int) -> None:
        self._pop(*(first + bit for bit in range(12) if mask >> bit & 1))

    def _pop_doubles(self, first: int, count: int) -> None:
        for number in range(first, first + count):
            self._saved[_D0 + number] = self._offset
            self._offset += 2 * _WORD

    def row(self) -> UnwindRow:
        """The row that all instructions together come to."""
        below = self._base == _SP and min(self._saved.values(), default=0) < 0
        # What a function saved lies in its own frame.
        above = max(self._saved.values(), default=-1) >= self._offset
        if _SP in self._saved or below or (self._saved and above) or not 0 <= self._offset < _MOST_SAVED:
            raise Undescribed
        saved = dict(self._saved)
        if _PC in saved:
            saved[_LR] = saved.pop(_PC)
        rules = {register: RegisterRule(RuleKind.OFFSET, offset - self._offset) for register, offset in saved.items()}
        return UnwindRow(self._base, self._offset, b"", rules, _LR, signal_frame=False, source=RowSource.EXIDX)
