"""What the index says about the example firmware, against what its source says."""

import gc
import json
from pathlib import Path

import pytest

from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex
from analyzer.symbols.interface import Field, RuleKind, SourceFrame
from analyzer.symbols.types import ArrayType, EnumType, PointerType, RecordType
from contract.errors import BadFirmware

GOLDEN = Path(__file__).parents[2] / "golden" / "cortex-m"
EM_ARM, R4, SP, LR = 40, 4, 13, 14


@pytest.fixture(scope="module")
def crash_pc() -> int:
    """Where the firmware crashed, deep in inlined functions."""
    answer = json.loads((GOLDEN / "null-deref-Og" / "gdb.json").read_text())
    return int(answer["threads"][0]["frames"][0]["pc"], 16)


def address_of(index: SymbolIndex, name: str) -> int:
    symbol = index.symbol(name)
    assert symbol is not None
    return symbol.address


def test_it_knows_the_machine_and_its_ids(golden: SymbolIndex) -> None:
    assert (golden.machine, golden.pointer_size) == (EM_ARM, 4)
    assert [len(build_id) for build_id in golden.build_ids] == [20]


def test_the_same_elf_gives_the_same_bytes(golden_elf: bytes, golden_bytes: bytes) -> None:
    assert build_index(golden_elf) == golden_bytes


def test_building_leaves_the_collector_of_garbage_as_it_was(golden_elf: bytes) -> None:
    assert gc.isenabled()
    build_index(golden_elf)
    assert gc.isenabled()
    with pytest.raises(BadFirmware):
        build_index(golden_elf[:100])
    assert gc.isenabled()
    gc.disable()
    try:
        build_index(golden_elf)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_it_can_be_mapped_from_a_file(golden_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "firmware.index"
    path.write_bytes(golden_bytes)
    index = SymbolIndex.open(path)
    assert index.symbol("sensor_poll") == SymbolIndex.from_bytes(golden_bytes).symbol("sensor_poll")


def test_it_is_a_third_of_a_small_elf(golden_elf: bytes, golden_bytes: bytes) -> None:
    assert len(golden_bytes) < len(golden_elf) / 3


def test_symbols_are_found_by_name_and_by_address(golden: SymbolIndex) -> None:
    function = golden.symbol("sensor_poll")
    assert function is not None
    assert function.is_function
    assert function.size > 20
    assert golden.symbol_at(function.address) == function
    assert golden.symbol_at(function.address + function.size - 1) == function
    assert golden.symbol_at(function.address + function.size) != function
    kernel = golden.symbol("_kernel")
    assert kernel is not None
    assert not kernel.is_function
    assert golden.symbol_at(kernel.address + kernel.size - 1) == kernel
    assert golden.symbol("no_such_symbol") is None
    assert golden.symbol_at(0xF000_0000) is None


def test_code_is_told_from_data(golden: SymbolIndex) -> None:
    assert golden.is_code(address_of(golden, "sensor_poll"))
    assert not golden.is_code(address_of(golden, "_kernel"))
    assert not golden.is_code(0xF000_0000)


def test_read_only_bytes_are_those_of_the_file(golden: SymbolIndex, golden_elf: bytes) -> None:
    address = address_of(golden, "sensor_poll")
    content = golden.read_only(address, 32)
    assert content is not None
    assert content in golden_elf
    assert golden.read_only(address + 5, 7) == content[5:12]
    assert golden.read_only(address_of(golden, "_kernel"), 4) is None
    assert golden.read_only(0xF000_0000, 1) is None


def test_inlined_functions_form_a_chain(golden: SymbolIndex, crash_pc: int) -> None:
    frames = golden.source_frames(crash_pc)
    assert [(frame.function, frame.file, frame.line, frame.inlined) for frame in frames] == [
        ("calibration_in_range", "src/app/sensor.c", 41, True),
        ("channel_convert", "src/app/sensor.c", 48, True),
        ("sensor_sample_channel", "src/app/sensor.c", 59, False),
    ]
    assert len({frame.scope for frame in frames}) == 3


def test_outside_of_functions_nothing_is_claimed(golden: SymbolIndex) -> None:
    assert golden.source_frames(0xF000_0000) == []
    assert golden.unwind_row(0xF000_0000) is None
    assert golden.variables(-1, 0) == []
    assert golden.frame_base(-1, 0) is None


def test_parameters_come_first_and_in_order(golden: SymbolIndex, crash_pc: int) -> None:
    frames = golden.source_frames(crash_pc)
    names = [(one.name, one.is_parameter) for one in golden.variables(frames[-1].scope, crash_pc)]
    assert names == [("channel", True), ("reading", True), ("raw", False), ("value", False), ("status", False)]
    assert [one.name for one in golden.variables(frames[0].scope, crash_pc)] == ["calibration", "raw"]
    # Where the compiler says nothing about a variable, it is listed once, as optimized out.
    assert [one.name for one in golden.variables(frames[1].scope, crash_pc)].count("calibration") == 1


def test_unwind_rows_follow_the_prologue(golden: SymbolIndex) -> None:
    start = address_of(golden, "sensor_poll")
    first, later = golden.unwind_row(start), golden.unwind_row(start + 0x30)
    assert first is not None
    assert later is not None
    assert (first.cfa_register, first.cfa_offset, first.rules) == (SP, 0, {})
    assert later.cfa_offset > 0
    assert later.return_register == LR
    assert later.rules[LR].kind is RuleKind.OFFSET
    assert later.rules[LR].offset == -4
    assert R4 in later.rules


def test_members_are_found_through_nested_and_anonymous_records(golden: SymbolIndex) -> None:
    assert golden.field("k_thread", "base.pended_on") == Field(8, 4)
    assert golden.field("k_thread", "base") is not None
    assert golden.field("struct k_thread", "base.thread_state") == Field(13, 1)
    assert golden.field("k_thread", "no_such_member") is None
    assert golden.field("no_such_structure", "base") is None
    whole = golden.field("k_thread", "")
    assert whole is not None
    assert (whole.offset, whole.size % 4) == (0, 0)
    assert whole.size > 100


def test_functions_that_do_not_return_are_known(golden: SymbolIndex) -> None:
    assert golden.is_noreturn(address_of(golden, "z_thread_entry"))
    assert not golden.is_noreturn(address_of(golden, "sensor_poll"))


def test_types_can_be_looked_into(golden: SymbolIndex) -> None:
    handle = golden.type_named("struct k_thread")
    assert handle is not None
    thread = golden.type(handle)
    assert isinstance(thread, RecordType)
    assert golden.size_of(handle) == thread.size
    enumeration = golden.type_named("crash_scenario")
    assert enumeration is not None
    one = golden.type(enumeration)
    assert isinstance(one, EnumType)
    assert ("CRASH_ASSERT" in dict(one.enumerators)) is True


def test_global_variables_are_sorted_and_found(golden: SymbolIndex) -> None:
    names = [one.variable.name for one in golden.global_variables()]
    assert names == sorted(names)
    (kernel,) = golden.globals_named("_kernel")
    assert kernel.variable.location == b"\x03" + address_of(golden, "_kernel").to_bytes(4, "little")
    assert kernel.file.endswith(".c")
    assert golden.globals_named("no_such_variable") == []


@pytest.mark.toolchain
def test_types_of_several_units_are_merged_only_when_they_are_the_same(compiled: object) -> None:
    assert callable(compiled)
    index = SymbolIndex.from_bytes(build_index(compiled("-Og", "-g", sources=("other.c", "third.c"))))
    # The same in both units: one type.
    assert index.type_named("point") is not None
    # Declared in one unit, complete in the other: the complete one.
    assert index.field("node", "secret") == Field(4, 4)
    handle = index.type_named("node")
    assert handle is not None
    node = index.type(handle)
    assert isinstance(node, RecordType)
    pointer = index.type(node.members[1].type)
    assert isinstance(pointer, PointerType)
    opaque = index.type(pointer.target)
    assert isinstance(opaque, RecordType)
    assert isinstance(index.type(opaque.members[0].type), ArrayType)
    # Two different ones of one name: no guess, except where they agree.
    assert index.type_named("clash") is None
    assert index.field("clash", "same") == Field(0, 4)


@pytest.mark.toolchain
@pytest.mark.parametrize("options", [("-gdwarf-4",), ("-gdwarf-5",), ("-gdwarf-4", "-flto"), ("-gdwarf-5", "-gz")])
def test_types_are_found_wherever_the_compiler_puts_them(compiled: object, options: tuple[str, ...]) -> None:
    assert callable(compiled)
    extra = () if "-flto" in options else ("-fdebug-types-section",)
    index = SymbolIndex.from_bytes(build_index(compiled("-O2", *options, *extra)))
    (sensors,) = index.globals_named("sensors")
    assert index.type_name(sensors.variable.type) == "struct sensor [2]"
    assert index.field("sensor", "u.w") == Field(20, 4)
    handle = index.type_named("sensor")
    assert handle is not None
    sensor = index.type(handle)
    assert isinstance(sensor, RecordType)
    fields = {member.name: (member.bit_offset, member.bit_size) for member in sensor.members if member.bit_size}
    assert fields == {"a": (104, 3), "b": (107, 5), "c": (128, 24)}


def test_a_symbol_is_enough_to_name_a_function_of_the_assembler(golden: SymbolIndex) -> None:
    symbol = golden.symbol("z_arm_pendsv") or golden.symbol("__aeabi_fmul") or golden.symbol("z_arm_reset")
    assert symbol is not None
    frame = golden.source_frames(symbol.address)[-1]
    assert isinstance(frame, SourceFrame)
    assert frame.function == symbol.name


def test_building_says_how_far_it_has_come(golden_elf: bytes) -> None:
    said: list[tuple[int, int]] = []
    build_index(golden_elf, lambda done, total: said.append((done, total)))
    assert said == sorted(said)
    assert {total for _, total in said} == {100}
    assert 8 <= len(said) <= 100
