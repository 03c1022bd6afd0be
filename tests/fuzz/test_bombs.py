"""Firmware that was made to cost too much ends in a named error, or in an index, within five seconds."""

import time
from contextlib import suppress
from pathlib import Path

import pytest

from analyzer.requests import Indexed, IndexFirmware
from analyzer.sandbox import AnalysisFailed, Sandbox
from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex
from contract.errors import BadFirmware, LimitExceeded
from tests.fuzz.bombs import BOMBS
from tests.fuzz.targets import asked

SECONDS = 5
MEMORY = 1 << 30
REFUSED = {
    "entries_of_one_byte",
    "compressed_zeros",
    "compressed_zeros_in_zstandard",
    "abbreviation_tables",
    "chain_of_types",
    "long_names_in_namespaces",
    "overlapping_strings",
    "line_programs",
    "frame_entries_inside_each_other",
    "remembered_states",
    "shared_range_list",
    "shared_location_list",
    "inlined_with_many_variables",
    "many_sections",
    "sections_that_overlap",
    "symbols_with_one_name",
}


@pytest.mark.parametrize("name", BOMBS)
def test_directly(name: str) -> None:
    image = BOMBS[name]()
    started = time.process_time()
    index = None
    with suppress(BadFirmware, LimitExceeded):
        index = build_index(image)
    if index is not None:
        asked(SymbolIndex.from_bytes(index))
    assert time.process_time() - started < SECONDS
    assert (index is None) == (name in REFUSED)


async def test_in_the_child_that_reads_firmware(tmp_path: Path) -> None:
    """One child, with the memory of a small worker, gets over all of those that would take the most."""
    sandbox = Sandbox(seconds=60, memory=MEMORY)
    try:
        for name in ("overlapping_strings", "long_names_in_namespaces", "shared_location_list"):
            path = tmp_path / name
            path.write_bytes(BOMBS[name]())
            with pytest.raises(AnalysisFailed) as raised:
                await sandbox.ask(IndexFirmware(str(path), str(tmp_path / "index")))
            assert raised.value.code == "limit"
        path.write_bytes(BOMBS["one_line_program"]())
        assert isinstance(await sandbox.ask(IndexFirmware(str(path), str(tmp_path / "index"))), Indexed)
    finally:
        await sandbox.close()
