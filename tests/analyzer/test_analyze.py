import dataclasses
import gc

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.analyze import analyze
from analyzer.report.model import Report, encode_report
from analyzer.symbols.interface import Field, Symbol
from contract.errors import NotADump, UnsupportedDump
from tests.analyzer import specimen
from tests.analyzer.fake_symbols import FakeSymbols, specimen_symbols
from tests.analyzer.golden import dump_of, report_of, symbols_of

GOLDEN = "cortex-m/null-deref-Os"


def codes(report: Report) -> list[str]:
    return [warning.code for warning in report.warnings]


def test_without_symbols() -> None:
    report = analyze(specimen.dump(), None)
    assert not report.symbolized
    assert (report.fault.kind, report.fault.title) == ("panic", "Kernel panic at 0x00000404")
    (thread,) = report.threads
    assert thread.crashed
    assert [(frame.pc, frame.function, frame.trust) for frame in thread.frames] == [("0x00000404", None, "context")]
    assert thread.registers["r3"] == "0x00000004"
    assert thread.registers["xpsr"] == "0x61000000"
    assert report.firmware.matches is None
    assert report.dump.memory_size == 1168
    assert report.warnings == []


def test_the_specimen_with_symbols() -> None:
    report = analyze(specimen.dump(), specimen_symbols())
    assert report.fault.title == "Kernel panic in crash (crash.c:4)"
    assert [thread.name for thread in report.threads] == ["main", "worker"]
    main, worker = report.threads
    assert [frame.function for frame in main.frames] == ["crash", "caller"]
    assert (main.state, main.entry, main.priority) == ("running", "main_entry", 0)
    assert [frame.function for frame in worker.frames] == ["worker_entry", "worker_entry"]
    assert (worker.state, worker.registers["sp"], worker.registers["r4"]) == ("pending", "0x200030a0", "0x000000a4")
    assert report.firmware.matches


def test_without_its_stack_nothing_tells_whether_a_thread_ever_ran() -> None:
    waiting, stack = specimen.WORKER.pack(), specimen.memory(specimen.RAM["worker_stack"], specimen.worker_stack())
    data = specimen.dump().replace(waiting, dataclasses.replace(specimen.WORKER, state=4).pack())
    assert analyze(data, specimen_symbols()).threads[1].state == "sleeping"
    assert analyze(data.replace(stack, b""), specimen_symbols()).threads[1].state == "not started or sleeping"


def test_inlined_functions_are_frames_of_their_own() -> None:
    symbols = specimen_symbols()
    symbols.inlined = {(0x404, 0x406): ["tiny", "small"]}
    frames = analyze(specimen.dump(), symbols).threads[0].frames
    assert [(frame.function, frame.inlined, frame.pc) for frame in frames[:3]] == [
        ("tiny", True, "0x00000404"),
        ("small", True, "0x00000404"),
        ("crash", False, "0x00000404"),
    ]


def test_no_registers() -> None:
    report = analyze(specimen.header() + specimen.metadata() + specimen.dump()[126:], specimen_symbols())
    assert "no-registers" in codes(report)
    assert (report.threads[0].name, report.threads[0].frames) == ("main", [])
    assert report.fault.title == "Kernel panic"


def test_a_saved_context_that_makes_no_sense_is_not_unwound() -> None:
    data = specimen.dump().replace(specimen.words(0x510, 0x01000000), specimen.words(0x90000, 0x01000000))
    worker = analyze(data, specimen_symbols()).threads[1]
    assert (worker.frames, worker.registers) == ([], {})
    assert "not code" in worker.unwound


@pytest.mark.parametrize("target", [7, 9, 300])
def test_architectures_to_come_still_give_a_report(target: int) -> None:
    report = analyze(specimen.header(target=target) + specimen.dump()[12:], None)
    assert codes(report) == ["unsupported-architecture"]
    assert report.threads[0].frames == []


def test_symbols_of_another_architecture_are_not_used() -> None:
    report = analyze(specimen.dump(), FakeSymbols(machine=243))
    assert codes(report) == ["firmware-mismatch"]
    assert not report.symbolized


def test_the_build_id_of_the_device_counts() -> None:
    symbols = specimen_symbols()
    symbols.build_ids = (bytes(range(20)),)
    report = analyze(specimen.dump(), symbols, build_id="00" * 20)
    assert report.firmware.build_id == "00" * 20
    assert report.firmware.matches is False
    assert analyze(specimen.dump(), symbols).firmware.build_id == bytes(range(20)).hex()


def test_a_firmware_that_nothing_confirms_is_neither_right_nor_wrong() -> None:
    symbols = specimen_symbols()
    symbols.objects = {}
    report = analyze(specimen.dump(), symbols)
    assert (report.symbolized, report.firmware.matches, codes(report)) == (True, None, ["no-kernel"])


def test_a_stack_whose_pointer_is_lost_has_overflowed_all_the_same() -> None:
    (thread, *others) = report_of("cortex-m/stack-lost-Os").threads
    assert thread.registers["sp"] is None
    assert thread.stack is not None
    assert thread.stack.overflow
    assert not any(other.stack and other.stack.overflow for other in others)


def test_a_wrong_firmware_is_said() -> None:
    report = analyze(dump_of("cortex-m/undefined-Os"), symbols_of("cortex-m/undefined-Og"))
    assert "firmware-mismatch" in codes(report)
    assert report.firmware.matches is False


def test_a_report_survives_its_json() -> None:
    report = report_of(GOLDEN)
    assert msgspec.json.decode(encode_report(report), type=Report) == report


def test_frames_have_the_members_that_scripts_read() -> None:
    frame = msgspec.json.decode(encode_report(report_of(GOLDEN)))["threads"][0]["frames"][0]
    assert frame.keys() >= {"pc", "function", "file", "line", "inlined", "trust", "locals"}
    assert frame["locals"][0].keys() >= {"name", "type", "value"}


def test_endless_threads_are_listed_and_not_unwound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analyzer.backtraces.MAX_FRAMES", 0)
    main, worker = analyze(specimen.dump(), specimen_symbols()).threads
    assert main.frames
    assert (worker.name, worker.frames) == ("worker", [])
    assert "too many" in worker.unwound


def test_the_start_never_arrived() -> None:
    report = analyze(bytes(100) + specimen.dump()[100:], specimen_symbols(), missing=[(0, 100)])
    assert report.fault.kind == "unknown"
    assert report.fault.reason is None
    assert {"missing-header", "no-registers"} <= set(codes(report))


def test_cut_at_every_byte() -> None:
    data = specimen.dump()
    symbols = specimen_symbols()
    for size in range(12, len(data)):
        report = analyze(data[:size], symbols)
        for thread in report.threads:
            for value in thread.registers.values():
                assert value is None or int(value, 16) >= 0
        assert report.fault.reason == 4


@pytest.mark.slow
def test_a_real_dump_cut_everywhere_never_gives_a_wrong_frame() -> None:
    data, symbols, whole = dump_of(GOLDEN), symbols_of(GOLDEN), report_of(GOLDEN)
    known = {thread.name: [frame.function for frame in thread.frames] for thread in whole.threads}
    for size in range(130, len(data), 97):
        for thread in analyze(data[:size], symbols).threads:
            functions = [frame.function for frame in thread.frames]
            assert functions == known[thread.name or "sensor"][: len(functions)] or thread.name is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 8800), st.integers(1, 4000)), max_size=6))
def test_what_never_arrived_is_never_a_value(holes: list[tuple[int, int]]) -> None:
    data = bytearray(dump_of(GOLDEN))
    missing = [(start, min(len(data), start + size)) for start, size in holes if start < len(data)]
    for start, end in missing:
        data[start:end] = bytes(end - start)
    try:
        report = analyze(bytes(data), symbols_of(GOLDEN), missing)
    except NotADump:
        return
    truth = {
        (frame.function, each.name, each.value)
        for thread in report_of(GOLDEN).threads
        for frame in thread.frames
        for each in frame.locals
    }
    registers = report_of(GOLDEN).threads[0].registers
    crashed = report.crashed_thread()
    assert crashed is not None
    for name, value in crashed.registers.items():
        assert value in (None, registers[name])
    for frame in crashed.frames:
        for each in frame.locals:
            scalar = each.value.lstrip("-").isdigit()
            assert not scalar or (frame.function, each.name, each.value) in truth


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 8800), st.binary(min_size=1, max_size=8)), max_size=20))
def test_a_corrupt_dump_gives_a_report_or_a_named_error(edits: list[tuple[int, bytes]]) -> None:
    data = bytearray(dump_of(GOLDEN))
    for at, content in edits:
        data[at : at + len(content)] = content
    try:
        encode_report(analyze(bytes(data), symbols_of(GOLDEN)))
    except (NotADump, UnsupportedDump):
        return


def test_the_same_dump_gives_the_same_report() -> None:
    assert encode_report(analyze(dump_of(GOLDEN), symbols_of(GOLDEN))) == encode_report(report_of(GOLDEN))


class TestSeveralCpus:
    """Block `F`: the CPU that crashed is named without registers, the others come with theirs."""

    REGISTERS = specimen.words(1, 2, 3, 4, 0x12, 0x521, 0x504, 0x61000000, 0x20003040, *range(8))
    MARKER = b"F" + bytes.fromhex("01000000") + specimen.words(1, specimen.RAM["worker"])

    def snapshot(self, registers: bytes = REGISTERS, thread: str = "worker") -> bytes:
        size = len(registers).to_bytes(2, "little")
        return b"F\x01\x00" + size + specimen.words(1, specimen.RAM[thread]) + registers

    def test_a_thread_that_ran_elsewhere_has_the_registers_of_then(self) -> None:
        main, worker = analyze(specimen.dump() + self.snapshot(), specimen_symbols()).threads
        assert (main.name, main.crashed, main.registers["pc"]) == ("main", True, "0x00000404")
        assert [frame.pc for frame in worker.frames][:2] == ["0x00000504", "0x00000520"]
        assert (worker.registers["sp"], worker.registers["r4"]) == ("0x20003040", "0x00000000")

    def test_the_cpu_that_crashed_names_its_thread(self) -> None:
        report = analyze(specimen.dump() + self.MARKER + self.snapshot(thread="main"), specimen_symbols())
        worker, main = report.threads
        assert (worker.name, worker.crashed, worker.registers["pc"]) == ("worker", True, "0x00000404")
        assert (main.name, main.registers["pc"]) == ("main", "0x00000504")

    def test_a_snapshot_that_cannot_be_read_is_no_reason_to_take_stale_registers(self) -> None:
        report = analyze(specimen.dump() + self.snapshot(b"\1" * 5), specimen_symbols())
        assert report.threads[1].frames == []
        assert "CPU 1" in report.threads[1].unwound


def test_on_the_stack_of_the_interrupts_no_thread_runs() -> None:
    stacks = Symbol("z_interrupt_stacks", 0x20002000, 0x100, is_function=False)
    symbols = specimen_symbols()
    symbols.objects["z_interrupt_stacks"] = stacks
    report = analyze(specimen.dump(), symbols)
    assert report.threads[0].interrupt is None  # the kernel starts up there
    symbols = specimen_symbols()
    symbols.objects["z_interrupt_stacks"] = stacks
    symbols.fields = {
        ("k_thread", "stack_info.start"): Field(0xA8, 4),
        ("k_thread", "stack_info.size"): Field(0xAC, 4),
    }
    report = analyze(specimen.dump(), symbols)
    assert report.threads[0].interrupt == -1
    assert report.threads[0].stack is not None
    assert (report.threads[0].stack.used, report.threads[0].stack.overflow) == (None, False)


def grouped(content: bytes, symbols: FakeSymbols | None) -> str:
    return analyze(content, symbols).grouped_by


def without_registers(kernel: bytes | None = None) -> bytes:
    return specimen.header() + specimen.metadata(kernel) + specimen.dump()[126:]


def test_without_registers_the_thread_tells_crashes_apart() -> None:
    by_main = grouped(without_registers(), specimen_symbols())
    by_worker = grouped(without_registers(specimen.kernel(current=specimen.RAM["worker"])), specimen_symbols())
    assert by_main.startswith("panic of thread main of an unknown build for ARM Cortex-M with memory at 0x20001100")
    assert by_main.endswith("whose registers are not known; K_ERR_KERNEL_PANIC (4)")
    assert by_worker == by_main.replace("main", "worker")


def test_without_symbols_the_caller_counts_where_the_address_says_little() -> None:
    def crash(reason: int, *, pc: int = 0x404) -> bytes:
        registers = specimen.words(1, 2, 3, 4, 0x12, 0x421, pc, 0x61000000, 0x200020C0, *specimen.CALLEE_SAVED)
        return specimen.header(reason=reason) + specimen.architecture(registers) + specimen.dump()[85:]

    assert grouped(crash(4), None).startswith("panic at 0x00000404, called from 0x00000421 of an unknown build")
    assert grouped(crash(20, pc=0), None).startswith(
        "bad-access (memory-fault) at 0x00000000, called from 0x00000421 of"
    )
    assert grouped(crash(25), None).startswith("bad-access (bus-fault) at 0x00000404 of an unknown build")


def test_an_analysis_is_gone_when_it_is_done() -> None:
    """What refers to itself stays until somebody looks for it, and a dump may be large."""
    content, symbols = dump_of(GOLDEN), symbols_of(GOLDEN)
    analyze(content, symbols)
    gc.collect()
    gc.disable()
    try:
        analyze(content, symbols)
        assert gc.collect() == 0
    finally:
        gc.enable()
