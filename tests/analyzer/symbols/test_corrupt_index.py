"""A damaged index gives a named error or a well-formed answer, and nothing else."""

import contextlib
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.symbols.format.container import FORMAT_VERSION, Part, pack, unpack
from analyzer.symbols.index import CorruptIndex, SymbolIndex

HEADER = 32
PROBES = (0x100, 0x14B2, 0x1558, 0x1588, 0x8C8, 0x2000_0000, 0xFFFF_FFFF)


def ask_everything(index: SymbolIndex) -> None:
    for pc in PROBES:
        for frame in index.source_frames(pc):
            for variable in index.variables(frame.scope, pc):
                index.size_of(variable.type)
            index.frame_base(frame.scope, pc)
        index.unwind_row(pc)
        index.symbol_at(pc)
        index.is_noreturn(pc)
        index.is_code(pc)
        index.read_only(pc, 40)
        index.call_site(pc)
        index.tail_calls(pc)
    index.symbol("sensor_poll")
    index.field("k_thread", "base.pended_on")
    index.type_named("k_thread")
    for one in index.global_variables():
        index.size_of(one.variable.type)


def ask(data: bytes) -> None:
    with contextlib.suppress(CorruptIndex):
        ask_everything(SymbolIndex.from_bytes(data))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_changed_bytes(golden_bytes: bytes, data: st.DataObject) -> None:
    parts = unpack(memoryview(golden_bytes))
    damaged = {part: bytes(view) for part, view in parts.items()}
    part = data.draw(st.sampled_from([part for part in Part if len(damaged[part])]))
    content = bytearray(damaged[part])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    # Packed anew, so that no checksum protects the reader from the damage.
    ask(pack({**damaged, part: bytes(content)}))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_cut_parts(golden_bytes: bytes, data: st.DataObject) -> None:
    damaged = {part: bytes(view) for part, view in unpack(memoryview(golden_bytes)).items()}
    part = data.draw(st.sampled_from([part for part in Part if len(damaged[part])]))
    ask(pack({**damaged, part: damaged[part][: data.draw(st.integers(0, len(damaged[part]) - 1))]}))


@pytest.mark.parametrize("size", [0, 1, 8, 31, 32, 100, 400, 5000])
def test_a_cut_file_is_refused_at_once(golden_bytes: bytes, size: int) -> None:
    with pytest.raises(CorruptIndex):
        SymbolIndex.from_bytes(golden_bytes[:size])


def test_an_index_of_another_version_is_built_again(golden_bytes: bytes) -> None:
    other = golden_bytes[:8] + struct.pack("<I", FORMAT_VERSION + 1) + golden_bytes[12:]
    with pytest.raises(CorruptIndex, match="build it again"):
        SymbolIndex.from_bytes(other)


def test_a_changed_header_is_noticed(golden_bytes: bytes) -> None:
    for position in range(HEADER + 16 * len(Part)):
        if position in range(28, 32):  # nothing is kept there
            continue
        changed = bytearray(golden_bytes)
        changed[position] ^= 0x10
        with pytest.raises(CorruptIndex):
            SymbolIndex.from_bytes(bytes(changed))
