import struct
import zlib
from pathlib import Path

import pytest

from analyzer.symbols import allowance
from analyzer.symbols.builder import build_index
from analyzer.symbols.elf import Image
from analyzer.symbols.index import SymbolIndex
from contract.errors import BadFirmware, LimitExceeded

GOLDEN = Path(__file__).parents[2] / "golden" / "cortex-m"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no ELF file"),
        (b"ZE\x02\x00", "no ELF file"),
        (b"\x7fELF\x01\x02" + bytes(60), "big endian"),
        (b"\x7fELF\x01\x01", "headers cannot be read"),
        (b"\x7fELF\x09\x01" + bytes(60), "headers cannot be read"),
    ],
)
def test_what_is_no_firmware_is_refused_with_advice(data: bytes, said: str) -> None:
    with pytest.raises(BadFirmware, match=said):
        Image(data)


def test_an_object_file_is_not_linked(golden_elf: bytes) -> None:
    with pytest.raises(BadFirmware, match="not linked"):
        Image(golden_elf[:16] + struct.pack("<H", 1) + golden_elf[18:])


def test_a_cut_file_is_refused(golden_elf: bytes) -> None:
    for size in range(7, len(golden_elf), 20_011):
        with pytest.raises(BadFirmware):
            build_index(golden_elf[:size])


def test_symbols_have_no_thumb_bit_and_no_mapping_symbols(golden_elf: bytes) -> None:
    symbols = [one.symbol for one in Image(golden_elf).symbols()]
    assert all(symbol.address % 2 == 0 for symbol in symbols if symbol.is_function)
    assert not any(symbol.name.startswith("$") for symbol in symbols)
    assert {"sensor_thread", "z_arm_reset", "_kernel"} <= {symbol.name for symbol in symbols}


def test_compressed_debug_sections_give_the_same_index() -> None:
    plain = build_index(GOLDEN / "div-zero-Og" / "firmware.elf")
    assert build_index(GOLDEN / "div-zero-Og-zlib" / "firmware.elf") == plain


def test_decompression_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowance, "INFLATED_PER_BYTE", 0)
    monkeypatch.setattr(allowance, "FREE_INFLATED", 10_000)
    with pytest.raises(LimitExceeded, match="would grow far more than"):
        build_index(GOLDEN / "div-zero-Og-zlib" / "firmware.elf")


def test_a_section_never_grows_over_the_size_it_claims() -> None:
    data = bytearray((GOLDEN / "div-zero-Og-zlib" / "firmware.elf").read_bytes())
    section = Image(bytes(data)).section(".debug_info")
    assert section is not None
    start = bytes(data).find(section.content)
    bomb = zlib.compress(bytes(5_000_000))
    data[start + 12 : start + 12 + len(bomb)] = bomb
    claimed = struct.unpack_from("<I", section.content, 4)[0]
    assert len(Image(bytes(data)).debug_section(".debug_info")) == claimed < 100_000


def test_without_debug_information_there_are_still_symbols(golden_elf: bytes) -> None:
    stripped = golden_elf.replace(b".debug_", b".hidden")
    index = SymbolIndex.from_bytes(build_index(stripped))
    symbol = index.symbol("sensor_poll")
    assert symbol is not None
    (frame,) = index.source_frames(symbol.address + 4)
    assert (frame.function, frame.file, frame.line, frame.scope) == ("sensor_poll", None, None, -1)
    assert index.variables(frame.scope, symbol.address) == []
    assert index.unwind_row(symbol.address) is None
