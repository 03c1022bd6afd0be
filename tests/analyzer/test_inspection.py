"""What can be asked about the recorded crash of the example firmware, against what its source and gdb say."""

from functools import cache

import pytest

from analyzer.analyze import Analysis
from analyzer.dump import parse
from analyzer.inspection import Inspection, Node, NoSuchThing
from analyzer.questions import FrameAt, GlobalAt, ObjectAt
from tests.analyzer.golden import dump_of, report_of, symbols_of

CASE = "cortex-m/null-deref-Og"


@cache
def inspection(*, symbols: bool = True) -> Inspection:
    return Inspection(Analysis(parse(dump_of(CASE)), symbols_of(CASE) if symbols else None))


def global_named(name: str) -> tuple[GlobalAt, Node]:
    row = next(row for row in inspection().global_variables(name).rows if row.name == name)
    at = GlobalAt(number=row.number)
    return at, inspection().value(at)


def test_variables_are_those_of_the_report() -> None:
    frames = report_of(CASE).threads[0].frames
    own = [frame for frame in frames if not frame.inlined]
    assert len(frames) > len(own) > 2
    seen = 0
    number = inlined = 0
    for frame in frames:
        nodes = inspection().variables(FrameAt(thread=0, frame=number, inlined=inlined))
        assert [(node.name, node.type, node.text) for node in nodes] == [
            (local.name, local.type, local.value) for local in frame.locals
        ]
        assert [node.kind == "parameter" for node in nodes] == [local.parameter for local in frame.locals]
        assert [node.kind == "static" for node in nodes] == [local.static for local in frame.locals]
        seen += len(nodes)
        number, inlined = (number, inlined + 1) if frame.inlined else (number + 1, 0)
    assert seen > 5


def test_globals_are_filtered_and_paged() -> None:
    everything = inspection().global_variables()
    assert everything.total > 20
    some = inspection().global_variables(start=3, limit=2)
    assert some.total == everything.total
    assert some.rows == everything.rows[3:5]
    filtered = inspection().global_variables("SENSOR.C")
    assert 0 < filtered.total < everything.total
    assert all("sensor.c" in row.file for row in filtered.rows)
    assert inspection().global_variables("no such variable").rows == []


def test_a_value_is_opened_step_by_step() -> None:
    at, kernel = global_named("_kernel")
    assert kernel.parts > 1
    assert kernel.address == symbols_of(CASE).symbol("_kernel").address  # type: ignore[union-attr]
    members = inspection().open(at)
    assert len(members) == kernel.parts
    assert all(inspection().value(at, [number]).text == member.text for number, member in enumerate(members))
    assert inspection().open(at, start=1, limit=1) == members[1:2]


def test_a_list_that_goes_round_can_be_followed_for_ever() -> None:
    handle = symbols_of(CASE).type_named("k_thread")
    assert handle is not None
    thread = report_of(CASE).threads[0].address
    assert thread is not None
    at, path = ObjectAt(type="k_thread", address=int(thread, 16)), []
    pointers = 0
    for _ in range(20):
        following = [number for number, node in enumerate(inspection().open(at, path)) if node.parts]
        if not following:
            break
        path.append(following[0])
        pointers += inspection().value(at, path).type.endswith("*")
    assert len(path) > 2
    with pytest.raises(NoSuchThing, match="levels deep"):
        inspection().value(at, [0] * 100)


def test_registers_and_casts() -> None:
    registers = {one.name: one for one in inspection().registers(FrameAt(thread=0, frame=0))}
    reported = report_of(CASE).threads[0].registers
    assert {name: reported[name] for name in ("r0", "sp", "pc")} == {
        name: f"{registers[name].value:#010x}" for name in ("r0", "sp", "pc")
    }
    assert registers["xpsr"].fields["T"] == 1
    cast = inspection().cast
    assert cast(0xFFFFFFFE, "int32").text == "-2"
    assert cast(0xFFFFFFFE, "uint8").text == "254"
    assert cast(0x3FC00000, "float").text == "1.5"
    assert cast(0x3FF8000000000000, "double").text == "1.5"
    assert cast(0x64636261, "ascii").text == "abcd"
    assert cast(4, "crash_scenario").type == "enum crash_scenario"
    function = symbols_of(CASE).symbol("sensor_poll")
    assert function is not None
    assert cast(function.address | 1, "pointer").text == f"{function.address | 1:#x} <sensor_poll>"
    assert cast(0xF0000000, "pointer").text == "0xf0000000 (not in dump)"


def test_memory_is_laid_out_with_symbols_and_sources() -> None:
    kernel = symbols_of(CASE).symbol("_kernel")
    assert kernel is not None
    runs = inspection().memory(kernel.address - 8, kernel.size + 16)
    assert sum(run.size for run in runs) == kernel.size + 16
    own = next(run for run in runs if run.symbol == "_kernel")
    assert (own.address, own.size, own.offset, own.source) == (kernel.address, kernel.size, 0, "dump")
    assert own.content is not None
    assert len(own.content) == kernel.size
    code = symbols_of(CASE).symbol("sensor_poll")
    assert code is not None
    (run,) = inspection().memory(code.address + 4, 8)
    assert (run.symbol, run.offset, run.source) == ("sensor_poll", 4, "firmware")
    (nothing,) = inspection().memory(0xF0000000, 32)
    assert (nothing.content, nothing.source, nothing.size) == (None, "unknown", 32)
    assert inspection().memory(0xFFFFFFF8, 32)[-1].size == 8


def test_words_that_point_at_functions_and_variables_are_named() -> None:
    thread = next(one for one in report_of(CASE).threads if one.crashed)
    stack = int(thread.registers["sp"], 16)
    runs = inspection().memory(stack, 256)
    pointers = [pointer for run in runs for pointer in run.pointers]
    assert all(run.address <= one.address < run.address + run.size for run in runs for one in run.pointers)
    returns = [frame for frame in thread.frames if not frame.inlined][1:]
    assert {frame.function for frame in returns} <= {pointer.symbol for pointer in pointers} | {"z_thread_entry"}
    for pointer in pointers:
        symbol = symbols_of(CASE).symbol_at(pointer.target)
        assert symbol is not None
        assert (symbol.name, pointer.target - symbol.address) == (pointer.symbol, pointer.offset)
    kernel = symbols_of(CASE).symbol("_kernel")
    assert kernel is not None
    (run,) = [run for run in inspection().memory(kernel.address, kernel.size) if run.symbol == "_kernel"]
    assert {pointer.address % 4 for pointer in run.pointers} == {0}


def test_numbers_in_the_range_of_code_are_no_pointers_on_arm() -> None:
    words = [(pointer.address, pointer.target) for run in inspection().memory(0, 4096) for pointer in run.pointers]
    for address, target in words:
        raw = inspection().memory(address, 4)[0].content
        assert raw is not None
        value = int.from_bytes(raw, "little")
        symbol = symbols_of(CASE).symbol_at(target)
        assert symbol is not None
        assert value == target + 1 if symbol.is_function else value == target


def test_what_is_not_there_is_a_named_error() -> None:
    for ask in (
        lambda: inspection().variables(FrameAt(thread=99, frame=0)),
        lambda: inspection().variables(FrameAt(thread=0, frame=999)),
        lambda: inspection().value(GlobalAt(number=1_000_000)),
        lambda: inspection().value(ObjectAt(type="no such type", address=0)),
        lambda: inspection().value(GlobalAt(number=0), [5000]),
        lambda: inspection().memory(0, 1 << 30),
        lambda: inspection(symbols=False).global_variables(),
    ):
        with pytest.raises(NoSuchThing):
            ask()


def test_without_symbols_registers_and_memory_can_still_be_seen() -> None:
    plain = inspection(symbols=False)
    assert plain.registers(FrameAt(thread=0, frame=0))
    start = int(report_of(CASE).dump.memory[0][0], 16)
    (run,) = plain.memory(start, 16)
    assert (run.source, run.symbol) == ("dump", None)
