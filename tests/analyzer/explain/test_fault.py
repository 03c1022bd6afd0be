import pytest
from msgspec.structs import replace

from analyzer.cpu import UNKNOWN_INTERRUPT, X86, Context, CortexM, x86_faults
from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.sparse import SparseBytes
from analyzer.explain import Crash, Explanation, SourceLine, ThreadStack, explain
from analyzer.grouping import load_plumbing
from analyzer.unwind import Frame, Trust
from analyzer.unwind.site import sites_of
from tests.analyzer.fake_symbols import FakeSymbols
from tests.analyzer.specimen import words

SP, LR, PC = 13, 14, 15
STORE = bytes.fromhex("7b60")  # str r3, [r7, #4]
CALL = bytes.fromhex("9847")  # blx r3


def memory(*blocks: tuple[int, bytes]) -> Memory:
    image = MemoryImage()
    for address, content in ((0x400, STORE + CALL), *blocks):
        image.add(address, SparseBytes(content))
    return Memory(image)


def facts(reason: int | None, registers: dict[int, int] | None = None, **changes: object) -> Crash:
    context = Context({PC: 0x400, LR: 0x405, SP: 0x20000080, 7: 0x1000, 3: 0, **(registers or {})}, 1 << 24)
    base = Crash(
        reason=reason,
        cpu=CortexM(),
        context=context,
        frames=(),
        lines=[SourceLine("read_sensor", "src/sensor.c", 42), SourceLine("main", "src/main.c", 7)],
        memory=memory(),
        pc_is_code=True,
        thread=ThreadStack("main", (0x20000000, 0x20000100)),
        thread_name="main",
    )
    return replace(base, **changes)  # pyright: ignore[reportArgumentType]


def told(subject: Crash) -> Explanation:
    return explain(subject, load_plumbing())


@pytest.mark.parametrize(
    ("reason", "kind", "title"),
    [
        (0, "memory-fault", "Memory fault in read_sensor (sensor.c:42)"),
        (1, "spurious-interrupt", "Unhandled interrupt in read_sensor (sensor.c:42)"),
        (2, "stack-overflow", "Stack overflow in read_sensor (sensor.c:42)"),
        (3, "oops", "Kernel oops in read_sensor (sensor.c:42)"),
        (4, "panic", "Kernel panic in read_sensor (sensor.c:42)"),
        (7, "unknown", "Fatal error 7 in read_sensor (sensor.c:42)"),
        (19, "memory-fault", "Memory fault in read_sensor (sensor.c:42)"),
        (25, "bus-fault", "Bus fault in read_sensor (sensor.c:42)"),
        (30, "divide-by-zero", "Division by zero in read_sensor (sensor.c:42)"),
        (31, "unaligned-access", "Unaligned access in read_sensor (sensor.c:42)"),
        (36, "undefined-instruction", "Undefined instruction in read_sensor (sensor.c:42)"),
        (37, "secure-fault", "Secure fault in read_sensor (sensor.c:42)"),
        (255, "unknown", "Fatal error 255 in read_sensor (sensor.c:42)"),
        (None, "unknown", "Crash in read_sensor (sensor.c:42)"),
    ],
)
def test_reasons(reason: int | None, kind: str, title: str) -> None:
    found = told(facts(reason))
    assert (found.kind, found.title) == (kind, title)
    assert found.text
    assert found.evidence


def test_a_store_through_null() -> None:
    found = told(facts(19, {7: 0}))
    assert found.kind == "null-dereference"
    assert found.title == "Null pointer dereference in read_sensor (sensor.c:42)"
    assert found.address == 4
    assert "4-byte store to 0x00000004 through r7 (NULL) + 4" in found.text
    assert found.evidence[0].startswith("K_ERR_ARM_MEM_DATA_ACCESS (19)")


def test_another_address_is_named_and_not_called_null() -> None:
    found = told(facts(25, {7: 0x60000000}))
    assert (found.kind, found.address) == ("bus-fault", 0x60000004)
    assert "through r7 (0x60000000) + 4" in found.text


def test_the_fault_status_registers_know_best() -> None:
    scb = (0xE000ED28, words(1 << 1 | 1 << 7, 0, 0, 0x18, 0))
    found = told(facts(0, {7: 0x60000000}, memory=memory(scb)))
    assert (found.kind, found.address) == ("null-dereference", 0x18)
    assert any("DACCVIOL" in line for line in found.evidence)
    assert "The access went to 0x00000018" in found.text


def test_a_secure_fault_names_its_access() -> None:
    sau = (0xE000EDE4, words(1 << 3 | 1 << 6, 0x10000044))
    found = told(facts(0, {7: 0x10000040}, memory=memory(sau)))
    assert (found.kind, found.address) == ("secure-fault", 0x10000044)
    assert "4-byte store to 0x10000044 through r7 (0x10000040) + 4" in found.text
    assert any("SFSR.AUVIOL" in line for line in found.evidence)
    entered = told(facts(38, {7: 0x10000040}))
    assert (entered.kind, entered.access) == ("secure-fault", None)


@pytest.mark.parametrize(
    ("pc", "link", "pointer", "kind", "label"),
    [
        (0, 0x405, 0, "bad-function-pointer", "Call through a null function pointer"),
        (0x20000100, 0x405, 0x20000100, "bad-function-pointer", "Call through a bad function pointer"),
        (0x20000100, 0x401, 0x20000100, "bad-jump", "Jump to a bad address"),
        (0x20000100, 0x405, 0x20000200, "bad-jump", "Jump to a bad address"),
    ],
)
def test_a_pc_that_is_no_code(pc: int, link: int, pointer: int, kind: str, label: str) -> None:
    lines = [SourceLine(None, None, None), SourceLine("dispatch", "src/d.c", 5)]
    found = told(facts(20, {PC: pc, LR: link, 3: pointer}, pc_is_code=False, lines=lines))
    assert (found.kind, found.title) == (kind, f"{label} in dispatch (d.c:5)")


def test_a_pointer_without_the_thumb_bit() -> None:
    found = told(facts(35, {PC: 0x450, 3: 0x450}))
    assert found.kind == "bad-function-pointer"


@pytest.mark.parametrize(
    ("pointer", "kind", "landed", "title"),
    [
        (0x450, "bad-function-pointer", 2, "Call through a bad function pointer in dispatch (d.c:5)"),
        (0x460, "bad-jump", 0, "Jump to a bad address in tiny (t.c:1)"),
    ],
)
def test_a_bad_call_is_its_callers_fault_and_not_where_it_landed(
    pointer: int, kind: str, landed: int, title: str
) -> None:
    symbols = FakeSymbols(functions={(0x450, 0x480): "target"}, inlined={(0x450, 0x480): ["tiny"]})
    sites = sites_of(symbols, CortexM(), lambda _function: False)
    frames = [
        Frame(pc, {}, trust, sites.at(lookup), memory(), CortexM(), interrupted=trust is Trust.CONTEXT)
        for pc, lookup, trust in ((0x450, 0x450, Trust.CONTEXT), (0x404, 0x403, Trust.CFI))
    ]
    lines = [SourceLine("tiny", "t.c", 1), SourceLine("target", "t.c", 2), SourceLine("dispatch", "src/d.c", 5)]
    found = told(facts(35, {PC: 0x450, 3: pointer}, lines=lines, frames=frames))
    assert (found.kind, found.landed, found.title) == (kind, landed, title)
    frames.pop()
    assert told(facts(35, {PC: 0x450, 3: pointer}, lines=lines[:2], frames=frames)).landed == 0


def test_a_stack_pointer_below_the_stack_is_an_overflow_whatever_the_reason() -> None:
    found = told(facts(19, {SP: 0x1FFFFFF0, 7: 0}))
    assert found.kind == "stack-overflow"
    assert "16 bytes below" in found.text


def test_in_an_interrupt_the_threads_stack_does_not_count() -> None:
    context = Context({PC: 0x400, SP: 0x1FFFFFF0, 7: 0x60000000}, 1 << 24 | 21, interrupt=21)
    found = told(facts(25, context=context))
    assert found.kind == "bus-fault"
    assert "handler of interrupt 5 (exception number 21) while thread main was current" in found.text


@pytest.mark.parametrize(
    ("functions", "kind", "title"),
    [
        (["assert_post_action", "push"], "assertion", "Assertion failed in push (x.c:1)"),
        (["arch_except", "assert_post_action", "push"], "assertion", "Assertion failed in push (x.c:1)"),
        (["__stack_chk_fail", "push"], "stack-smashing", "Stack smashing detected in push (x.c:1)"),
        (["k_panic", "push"], "panic", "Kernel panic in push (x.c:1)"),
        (["push", "assert_post_action"], "panic", "Kernel panic in push (x.c:1)"),
        (["k_panic", "z_fatal_error"], "panic", "Kernel panic in k_panic (x.c:1)"),
    ],
)
def test_what_panicked(functions: list[str], kind: str, title: str) -> None:
    found = told(facts(4, lines=[SourceLine(function, "x.c", 1) for function in functions]))
    assert (found.kind, found.title) == (kind, title)


def test_without_names_the_title_has_the_address() -> None:
    assert told(facts(30, lines=[])).title == "Division by zero at 0x00000400"
    assert told(facts(30, lines=[], context=None)).title == "Division by zero"
    assert told(facts(30, lines=[SourceLine("f", None, None)])).title == "Division by zero in f"


def test_without_a_cpu_the_reason_is_all() -> None:
    assert told(facts(4, cpu=None, context=None)).kind == "panic"
    assert told(facts(19, cpu=None, context=None)).title == "Fatal error 19 in read_sensor (sensor.c:42)"


ISR_STACK = (0x126000, 0x128000)
STORE_EBX = bytes.fromhex("891d0cf0ad6b").ljust(16, b"\x90")  # mov dword ptr [0x6badf00c], ebx


def in_handler(reason: int, pointer: int, *, vector: int = 14, code: bool = True, fault: bool = True) -> Crash:
    """A page fault of ia32 in an interrupt's handler: its kernel compares the stack pointer with another stack."""
    image = MemoryImage()
    image.add(0x100400, SparseBytes(STORE_EBX))
    status = x86_faults.describe(vector, 2, None) if fault else None
    context = Context({8: 0x100400, 4: pointer}, 2, interrupt=UNKNOWN_INTERRUPT, fault=status)
    return facts(reason, cpu=X86(), context=context, memory=Memory(image), pc_is_code=code, interrupt_stack=ISR_STACK)


def test_a_stack_overflow_that_the_hardware_contradicts_is_none() -> None:
    found = told(in_handler(2, ISR_STACK[1] - 208))
    assert (found.kind, found.title) == ("memory-fault", "Page fault in read_sensor (sensor.c:42)")
    assert found.reason_name == "#PF (reason 2)"
    assert found.address == 0x6BADF00C
    assert "K_ERR_STACK_CHK_FAIL), but the stack pointer is 7984 bytes above the end of its stack" in found.text
    assert told(in_handler(2, ISR_STACK[1] - 208, code=False)).kind == "bad-jump"


@pytest.mark.parametrize(
    "subject",
    [
        in_handler(2, ISR_STACK[0] - 16),
        in_handler(2, ISR_STACK[1] - 208, vector=8),
        in_handler(2, ISR_STACK[1] - 208, fault=False),
        replace(in_handler(2, ISR_STACK[1] - 208), interrupt_stack=None),
        replace(in_handler(2, ISR_STACK[1] - 208), interrupt_stack=(0x6BADF100, 0x6BAE0000)),
    ],
    ids=["outside", "double-fault", "software", "unknown-stack", "close"],
)
def test_a_stack_overflow_that_can_be_one_is_believed(subject: Crash) -> None:
    found = told(subject)
    assert (found.kind, found.reason_name) == ("stack-overflow", "K_ERR_STACK_CHK_FAIL (2)")
