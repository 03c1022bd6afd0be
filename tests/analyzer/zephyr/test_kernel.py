from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.dump import parse
from analyzer.dump.memory import Memory
from analyzer.symbols.interface import Field, Symbol
from analyzer.zephyr import Kernel, is_thread_entry, read_kernel, reason_of
from analyzer.zephyr.thread import KernelThread
from tests.analyzer import specimen
from tests.analyzer.fake_symbols import FakeSymbols, specimen_symbols

MAIN, WORKER = specimen.RAM["main"], specimen.RAM["worker"]


def read(data: bytes, symbols: FakeSymbols | None = None) -> Kernel:
    dump = parse(data)
    symbols = symbols or specimen_symbols()
    return read_kernel(dump, symbols, Memory(dump.memory, symbols.read_only))


def names(kernel: Kernel) -> list[str | None]:
    return [thread.name for thread in kernel.threads()]


def codes(kernel: Kernel) -> list[str]:
    return [caveat.code for caveat in kernel.caveats]


def dump(*, metadata: bytes | None = None, worker: specimen.ThreadStruct = specimen.WORKER) -> bytes:
    return (
        specimen.header()
        + specimen.architecture()
        + (specimen.metadata() if metadata is None else metadata)
        + specimen.memory(WORKER, worker.pack())
        + specimen.memory(MAIN, specimen.MAIN.pack())
    )


def with_fields(worker: specimen.ThreadStruct, **changes: object) -> specimen.ThreadStruct:
    return specimen.ThreadStruct(**{**{name: getattr(worker, name) for name in worker.__dataclass_fields__}, **changes})


def test_the_specimen_by_its_table_of_offsets() -> None:
    kernel = read(specimen.dump())
    assert kernel.caveats == ()
    main, worker = kernel.threads()
    assert (main.address, main.name, main.state, main.priority, main.entry) == (MAIN, "main", 0x80, 0, 0x601)
    assert (worker.address, worker.name, worker.state, worker.priority, worker.entry) == (WORKER, "worker", 2, 5, 0x501)
    assert worker.saved is not None
    assert (worker.saved.stack_pointer_field, worker.saved.exc_return) == (WORKER + 0x50, 0xFD)
    assert main.option_names() == ["essential"]
    assert worker.stack is None


def test_debug_information_goes_first_and_tells_more() -> None:
    symbols = specimen_symbols()
    symbols.fields = {
        ("k_thread", "stack_info.start"): Field(0xA8, 4),
        ("k_thread", "stack_info.size"): Field(0xAC, 4),
        ("k_thread", "name"): Field(0x88, 3),
    }
    kernel = read(specimen.dump(), symbols)
    assert kernel.others[0].stack == (0x20003000, 0x20003100)
    assert names(kernel) == ["mai", "wor"]


@pytest.mark.parametrize("prefix", ["_kernel_thread_info", "_kernel_openocd"])
def test_the_table_has_had_two_names(prefix: str) -> None:
    symbols = specimen_symbols()
    symbols.objects = {name.replace("_kernel_thread_info", prefix): symbol for name, symbol in symbols.objects.items()}
    assert names(read(specimen.dump(), symbols)) == ["main", "worker"]


def test_firmware_that_switches_by_handle_has_no_saved_stack_pointer() -> None:
    symbols = specimen_symbols()
    symbols.objects["arm_m_must_switch"] = Symbol("arm_m_must_switch", 0x500, 4, is_function=True)
    saved = read(specimen.dump(), symbols).others[0].saved
    assert saved is not None
    assert (saved.stack_pointer_field, saved.switch_handle) == (None, None)
    newer = replace(symbols, fields={("k_thread", "switch_handle"): Field(0x50, 4)}, derived={})
    saved = read(specimen.dump(), newer).others[0].saved
    assert saved is not None
    assert (saved.stack_pointer_field, saved.switch_handle) == (WORKER + 0x50, 0x20003080)


def test_without_metadata_the_kernel_is_read_from_memory() -> None:
    symbols = specimen_symbols()
    symbols.objects["_kernel"] = Symbol("_kernel", 0x20000000, 36, is_function=False)
    data = dump(metadata=b"") + specimen.memory(0x20000000, specimen.kernel())
    assert names(read(data, symbols)) == ["main", "worker"]


def test_metadata_and_memory_name_the_same_current_thread() -> None:
    symbols = specimen_symbols()
    symbols.objects["_kernel"] = Symbol("_kernel", 0x20000000, 36, is_function=False)
    assert codes(read(dump() + specimen.memory(0x20000000, specimen.kernel()), symbols)) == []
    other = specimen.kernel(current=WORKER)
    assert codes(read(dump() + specimen.memory(0x20000000, other), symbols)) == ["firmware-mismatch"]


def test_without_kernel_there_are_no_threads() -> None:
    kernel = read(dump(metadata=b""))
    assert names(kernel) == []
    assert codes(kernel) == ["no-kernel"]


def test_memory_without_kernel_is_that_of_another_firmware() -> None:
    symbols = specimen_symbols()
    symbols.objects["_kernel"] = Symbol("_kernel", 0x20010000, 36, is_function=False)
    symbols.fields = {("k_thread", "stack_info.start"): Field(0xA8, 4)}
    whole = dump(metadata=b"")
    assert codes(read(whole, symbols)) == ["firmware-mismatch"]
    assert codes(read(whole[:-1], symbols)) == ["no-kernel"]
    nothing = parse(whole, [(200, 210)])
    assert [each.code for each in read_kernel(nothing, symbols, Memory(nothing.memory)).caveats] == ["no-kernel"]


def test_firmware_without_thread_information() -> None:
    assert codes(read(specimen.dump(), FakeSymbols())) == ["no-kernel"]


def test_a_dump_of_the_current_thread_alone() -> None:
    symbols = specimen_symbols()
    symbols.fields = {
        ("k_thread", "stack_info.start"): Field(0xA8, 4),
        ("k_thread", "stack_info.size"): Field(0xAC, 4),
    }
    data = specimen.header() + specimen.architecture()
    data += specimen.memory(MAIN, specimen.MAIN.pack()) + specimen.memory(0x20002000, bytes(0x100))
    kernel = read(data, symbols)
    assert names(kernel) == ["main"]
    assert codes(kernel) == ["no-kernel"]


def test_a_list_that_runs_in_a_circle() -> None:
    kernel = read(dump(worker=with_fields(specimen.WORKER, following=WORKER)))
    assert names(kernel) == ["main", "worker"]
    assert "circle" in kernel.caveats[0].text


def test_a_list_that_leads_nowhere() -> None:
    kernel = read(dump(worker=with_fields(specimen.WORKER, following=0x30000000)))
    assert [thread.address for thread in kernel.others] == [WORKER, 0x30000000]
    assert kernel.others[1].name is None
    assert "out of the dumped memory" in kernel.caveats[0].text


def test_metadata_that_is_cut_short() -> None:
    kernel = read(dump(metadata=specimen.metadata(specimen.kernel()[:20])))
    assert names(kernel) == ["main"]
    assert names(read(dump(metadata=specimen.metadata(b"\0" * 8)))) == []


@pytest.mark.parametrize(
    ("raw", "shown"), [(b"a\x1b[31mb", "a\ufffd[31mb"), (b"caf\xc3\xa9", "café"), (b"\xff" * 32, "\ufffd" * 32)]
)
def test_names_are_safe_to_print(raw: bytes, shown: str) -> None:
    assert read(dump(worker=with_fields(specimen.WORKER, name=raw))).others[0].name == shown


def test_the_panicking_cpus_thread_is_the_current_one() -> None:
    data = dump() + b"F\x01\x00\x00\x00" + specimen.words(1, WORKER)
    assert names(read(data)) == ["worker", "main"]


@pytest.mark.parametrize("offsets", [(), (1,), (1, 0xFFFFFFFF), (1, 0x10000, *specimen.OFFSETS[2:])])
def test_a_table_that_cannot_be_used(offsets: tuple[int, ...]) -> None:
    assert codes(read(specimen.dump(), specimen_symbols(offsets))) == ["no-kernel"]


@pytest.mark.parametrize(
    ("state", "current", "never_ran", "name"),
    [
        (None, False, False, "unknown"),
        (0x80, True, False, "running"),
        (0, True, False, "running"),
        (0x80, False, False, "ready"),
        (2, False, False, "pending"),
        (2, True, False, "pending"),
        (0x12, False, False, "pending, suspended"),
        (4, False, True, "not started"),
        (4, False, False, "sleeping"),
        (4, False, None, "not started or sleeping"),
        (8, False, False, "dead"),
        (0, False, False, "not queued"),
    ],
)
def test_states(state: int | None, name: str, *, current: bool, never_ran: bool | None) -> None:
    assert KernelThread(1, state=state).state_name(current=current, never_ran=never_ran) == name


@pytest.mark.parametrize(
    ("state", "timed", "name"),
    [
        (0x10, True, "sleeping"),
        (0x10, False, "suspended"),
        (0x12, True, "pending, suspended"),
        (2, True, "pending"),
        (4, True, "sleeping"),
    ],
)
def test_older_kernels_suspend_a_thread_that_sleeps(state: int, name: str, *, timed: bool) -> None:
    assert KernelThread(1, state=state, timed=timed).state_name(current=False, never_ran=False) == name


def test_a_timeout_that_runs_is_linked() -> None:
    symbols = specimen_symbols()
    symbols.fields = {("k_thread", "base.timeout.node.next"): Field(0x50, 4)}
    main, worker = read(specimen.dump(), symbols).threads()
    assert (main.timed, worker.timed) == (False, True)


def test_priority_is_signed() -> None:
    assert read(dump(worker=with_fields(specimen.WORKER, priority=-2))).others[0].priority == -2


def test_reasons() -> None:
    assert [reason.name for code in range(5) if (reason := reason_of(code))] == [
        "K_ERR_CPU_EXCEPTION",
        "K_ERR_SPURIOUS_IRQ",
        "K_ERR_STACK_CHK_FAIL",
        "K_ERR_KERNEL_OOPS",
        "K_ERR_KERNEL_PANIC",
    ]
    assert reason_of(19) is None
    assert is_thread_entry("z_thread_entry")
    assert not is_thread_entry("main")


@given(st.binary(max_size=64), st.lists(st.integers(0, 0xFFFFFFFF), max_size=20))
def test_any_metadata_and_table_are_survived(payload: bytes, offsets: list[int]) -> None:
    read(dump(metadata=specimen.metadata(payload)), specimen_symbols(tuple(offsets)))
