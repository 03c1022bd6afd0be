"""An ELF file with damaged debug information gives an index or a named error, in bounded time."""

import contextlib
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.symbols.builder import build_index
from analyzer.symbols.elf import Image
from analyzer.symbols.index import SymbolIndex
from contract.errors import BadFirmware

ELF = (Path(__file__).parents[2] / "golden" / "cortex-m" / "div-zero-Os" / "firmware.elf").read_bytes()
TARGETS = [
    (ELF.find(section.content), len(section.content))
    for section in Image(ELF).sections
    if section.name.startswith(".debug_") and "str" not in section.name
]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_changed_debug_information(data: st.DataObject) -> None:
    changed = bytearray(ELF)
    for _ in range(data.draw(st.integers(1, 12))):
        start, size = data.draw(st.sampled_from(TARGETS))
        changed[start + data.draw(st.integers(0, size - 1))] = data.draw(st.integers(0, 255))
    try:
        index = SymbolIndex.from_bytes(build_index(bytes(changed)))
    except BadFirmware:
        return
    for pc in range(0, 0x2000, 0x6A):
        for frame in index.source_frames(pc):
            index.variables(frame.scope, pc)
        index.unwind_row(pc)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_changed_headers(data: st.DataObject) -> None:
    changed = bytearray(ELF)
    table = int.from_bytes(ELF[32:36], "little")
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.one_of(st.integers(4, 51), st.integers(table, len(ELF) - 1)))
        changed[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadFirmware):
        SymbolIndex.from_bytes(build_index(bytes(changed)))
