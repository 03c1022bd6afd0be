"""The parts of an ELF file that an analysis needs: sections, symbols, machine (System V ABI, chapter 4).

Firmware is linked (ET_EXEC or ET_DYN) and little endian: every target that can write a core dump is.
The file is untrusted: counts and sizes are checked against what is really there, and decompression is bounded.
"""

import re
import struct
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from analyzer.symbols.allowance import Allowance
from analyzer.symbols.interface import Symbol
from contract.errors import BadFirmware

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MOST_SECTIONS = 4096
MOST_SYMBOLS = 1_000_000
MOST_NAME = 8192
"""Bytes of a name that are kept; a file without any NUL must not cost its square."""

SHF_WRITE = 0x1
SHF_ALLOC = 0x2
SHF_EXECINSTR = 0x4
SHF_COMPRESSED = 0x800

HARDWARE_WRITES = ("pagetables",)
"""Sections that no program writes to, and the machine does: an x86 notes what was used in its page tables."""

_ELFCLASS32, _ELFCLASS64 = 1, 2
_LINKED = (2, 3)
"""ET_EXEC, ET_DYN."""
_SHT_NULL, _SHT_SYMTAB, _SHT_NOBITS = 0, 2, 8
_STT_OBJECT, _STT_FUNC, _STT_TLS, _STT_FILE, _STT_SECTION = 1, 2, 6, 4, 3
_NAMELESS = (_STT_SECTION, _STT_FILE, _STT_TLS)
_STB_LOCAL, _STB_GLOBAL = 0, 1
_SHN_UNDEF, _SHN_LORESERVE, _SHN_ABS = 0, 0xFF00, 0xFFF1
_EM_ARM = 40
# `$t`, `$d.7`, `$xrv64i...` say what the bytes behind them are; they name nothing (ELF for the Arm architecture,
# 5.5.5).
_MAPPING_SYMBOL = re.compile(r"\$[adtxcp](\.|$)|\$xrv")


@dataclass(frozen=True, slots=True)
class Section:
    """One section; `content` is empty for NOBITS and may be shorter than `size` in a cut file."""

    name: str
    kind: int
    """SHT_*."""
    flags: int
    address: int
    size: int
    content: bytes
    entry_size: int
    link: int

    @property
    def is_allocated(self) -> bool:
        """Whether the section takes part in the memory image."""
        return bool(self.flags & SHF_ALLOC)

    @property
    def is_writable(self) -> bool:
        """Whether the running machine may change it."""
        return bool(self.flags & SHF_WRITE) or self.name in HARDWARE_WRITES

    @property
    def is_executable(self) -> bool:
        """Whether it holds machine code."""
        return bool(self.flags & SHF_EXECINSTR)

    @property
    def has_bytes(self) -> bool:
        """Whether the file holds its bytes."""
        return self.kind != _SHT_NOBITS


@dataclass(frozen=True, slots=True)
class RankedSymbol:
    """A symbol and how good a name it is for an address that several symbols share."""

    symbol: Symbol
    rank: int
    """Higher wins: functions over objects over bare labels, then global over weak over local."""
    in_memory: bool = True
    """Whether it stands for a place in the memory image; linker scripts also name numbers and what lies beyond it."""


class Image:
    """A linked ELF file.

    Raises:
        BadFirmware: the bytes are no ELF file, or one of a kind that is not a firmware image.
    """

    def __init__(self, data: bytes) -> None:
        if data[:4] != b"\x7fELF":
            raise BadFirmware("This is no ELF file: give the .elf that the linker wrote, not the .bin or .hex.")
        if data[5:6] != b"\x01":
            raise BadFirmware("This ELF file is big endian; only little-endian targets can write core dumps.")
        self.allowance = Allowance(len(data))
        self._symbols: Sequence[RankedSymbol] | None = None
        try:
            self._read(data)
        except (struct.error, IndexError) as error:
            raise BadFirmware("The ELF file's headers cannot be read. Is the upload complete?") from error

    def _read(self, data: bytes) -> None:
        wide = data[4] == _ELFCLASS64
        if not wide and data[4] != _ELFCLASS32:
            raise BadFirmware(f"The ELF file's headers cannot be read: there is no class {data[4]}.")
        self.pointer_size = 8 if wide else 4
        kind, self.machine = struct.unpack_from("<HH", data, 16)
        if kind not in _LINKED:
            raise BadFirmware("This ELF file is not linked; give the final firmware image (zephyr.elf).")
        table = struct.unpack_from("<Q" if wide else "<I", data, 40 if wide else 32)[0]
        entry_size, count, names_index = struct.unpack_from("<HHH", data, 58 if wide else 46)
        if count > MOST_SECTIONS:
            raise BadFirmware(f"The ELF file claims {count} sections; more than {MOST_SECTIONS} are not read.")
        layout = struct.Struct("<IIQQQQIIQQ" if wide else "<10I")
        headers = [layout.unpack_from(data, table + index * max(entry_size, layout.size)) for index in range(count)]
        names = b""
        if names_index < count:
            start, size = headers[names_index][4:6]
            names = data[start : start + size]
        self.sections: list[Section] = []
        left = len(data)
        for name, kind, flags, address, offset, size, link, _, _, entry in headers:
            content = b"" if kind in (_SHT_NULL, _SHT_NOBITS) else data[offset : offset + size]
            left -= len(content)
            if left < 0:
                raise BadFirmware("The ELF file's sections overlap each other; is it really what the linker wrote?")
            text = _string_at(names, name)
            self.sections.append(Section(text, kind, flags, address, size, content, entry, link))

    def section(self, name: str) -> Section | None:
        """The first section of that name."""
        return next((section for section in self.sections if section.name == name), None)

    def debug_section(self, name: str) -> bytes:
        """Contents of a debug section such as `.debug_info`, decompressed; empty when it is missing.

        Raises:
            BadFirmware: the compressed data is damaged or would grow over the limit.
        """
        section = self.section(name)
        if section is not None:
            if not section.flags & SHF_COMPRESSED:
                return section.content
            layout = "<III" if self.pointer_size == 4 else "<IxxxxQQ"
            header = struct.calcsize(layout)
            if len(section.content) < header:
                raise BadFirmware(f"Section {name} is compressed but has no compression header.")
            kind, size, _ = struct.unpack_from(layout, section.content)
            inflate = _INFLATING.get(kind)
            if inflate is None:
                raise BadFirmware(
                    f"Section {name} is compressed in a way that is not supported (type {kind}); "
                    "run objcopy --decompress-debug-sections on the file first."
                )
            return self._inflate(name, section.content[header:], size, inflate)
        old = self.section(".z" + name[1:])
        if old is None or old.content[:4] != b"ZLIB":
            return b""
        return self._inflate(name, old.content[12:], int.from_bytes(old.content[4:12], "big"), _zlib)

    def _inflate(self, name: str, packed: bytes, size: int, inflate: Callable[[bytes, int], bytes]) -> bytes:
        self.allowance.inflate(size)
        try:
            plain = inflate(packed, size) if size else b""
        except (zlib.error, zstd.ZstdError) as error:
            raise BadFirmware(f"Section {name} cannot be decompressed ({error}).") from error
        if len(plain) != size:
            raise BadFirmware(f"Section {name} decompresses to {len(plain)} bytes instead of {size}.")
        return plain

    def refuse_supplements(self) -> None:
        """Refuse debug information of which a part lies in another file (DWARF 5, section 7.3.6; GNU's dwz).

        Raises:
            BadFirmware: it does.
        """
        for name in (".debug_sup", ".gnu_debugaltlink"):
            section = self.section(name)
            if section is not None and section.content and (name != ".debug_sup" or section.content[2:3] != b"\1"):
                raise BadFirmware(
                    f"A part of the debug information lies in another file (section {name}); "
                    "give the firmware image as the linker wrote it, before dwz or strip."
                )

    def bytes_at(self, address: int, size: int) -> bytes | None:
        """Bytes of one section as linked (of writable ones the initial values); None unless all are there."""
        for section in self.sections:
            if section.is_allocated and section.has_bytes and section.address <= address:
                start = address - section.address
                if start + size <= len(section.content):
                    return section.content[start : start + size]
        return None

    def symbols(self) -> Sequence[RankedSymbol]:
        """Functions, objects, labels and numbers of `.symtab` in file order; no Thumb bits, no mapping symbols."""
        if self._symbols is None:
            self._symbols = tuple(self._read_symbols())
        return self._symbols

    def _read_symbols(self) -> Iterator[RankedSymbol]:
        table = next((section for section in self.sections if section.kind == _SHT_SYMTAB), None)
        if table is None or not 0 < table.link < len(self.sections):
            return
        strings = self.sections[table.link].content
        layout = struct.Struct("<IIIBBH" if self.pointer_size == 4 else "<IBBHQQ")
        whole = min(len(table.content) // layout.size, MOST_SYMBOLS) * layout.size
        thumb = self.machine == _EM_ARM
        names: dict[int, str] = {}
        for row in layout.iter_unpack(table.content[:whole]):
            if self.pointer_size == 4:
                name_offset, value, size, info, _, index = row
            else:
                name_offset, info, _, index, value, size = row
            kind, binding = info & 15, info >> 4
            if index == _SHN_UNDEF or _SHN_LORESERVE <= index != _SHN_ABS or kind in _NAMELESS:
                continue
            name = names.get(name_offset)
            if name is None:
                name = _string_at(strings, name_offset)
                names[name_offset] = name
                self.allowance.keep(len(name))
            if not name or _MAPPING_SYMBOL.match(name):
                continue
            in_memory = self._is_allocated(index)
            is_function = kind == _STT_FUNC and in_memory
            if is_function and thumb:
                value &= ~1
            rank = (2 if is_function else 1 if kind == _STT_OBJECT else 0) * 3
            rank += 0 if binding == _STB_LOCAL else 2 if binding == _STB_GLOBAL else 1
            yield RankedSymbol(Symbol(name, value, size, is_function), rank, in_memory)

    def _is_allocated(self, index: int) -> bool:
        return index < len(self.sections) and self.sections[index].is_allocated


def _zlib(packed: bytes, size: int) -> bytes:
    return zlib.decompressobj().decompress(packed, size)


def _zstandard(packed: bytes, size: int) -> bytes:
    return zstd.ZstdDecompressor().decompress(packed, size)


_INFLATING: dict[int, Callable[[bytes, int], bytes]] = {1: _zlib, 2: _zstandard}
"""By ELFCOMPRESS_*: the first bytes of what a section holds, as many as asked for, or as there are."""


def _string_at(table: bytes, offset: int) -> str:
    limit = offset + MOST_NAME
    end = table.find(b"\0", offset, limit)
    return table[offset : end if end >= 0 else limit].decode("utf-8", "replace")
