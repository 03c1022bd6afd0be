"""The report: the shape that scripts, events and pages read. Addresses are hexadecimal strings such as `0x00000404`."""

import msgspec

from analyzer.values.local import Local

FORMAT = 1
"""Goes up when a reader of the old shape could misunderstand the new one."""


class Frame(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One function of a call chain; functions that were inlined have frames of their own with their caller's pc."""

    pc: str
    function: str | None = None
    """Plain name, without arguments."""
    file: str | None = None
    line: int | None = None
    inlined: bool = False
    """Whether this function was inlined into the next one."""
    trust: str
    """How it was found: `context`, `cfi`, `exception`, `window`, `exidx`, `frame-pointer` or `scan`."""
    locals: list[Local] = []


class Stack(msgspec.Struct, frozen=True, kw_only=True):
    """A thread's stack; sizes in bytes."""

    start: str
    end: str
    """Exclusive."""
    size: int
    used: int | None = None
    """From the stack pointer to the end."""
    peak: int | None = None
    """The most that was ever used, where the firmware fills its stacks with a pattern."""
    overflow: bool = False
    """Whether the stack pointer is below the stack, or the fault was that there was no more stack."""


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """A thread, or what ran when no thread can be told."""

    name: str | None = None
    crashed: bool = False
    state: str = "unknown"
    frames: list[Frame] = []
    """Innermost first."""
    unwound: str = ""
    """Why there are no more frames."""
    complete: bool = False
    """Whether the outermost frame is the thread's first function."""
    address: str | None = None
    """Of the kernel's structure."""
    priority: int | None = None
    options: list[str] = []
    entry: str | None = None
    """The thread's function."""
    waits_for: str | None = None
    """The object that it is pending on."""
    waits_kind: str | None = None
    """What kind of object that is, such as `mutex`."""
    waits_owner: str | None = None
    """The thread that holds it."""
    wakes_in: int | None = None
    """Ticks until its timeout ends, counted from the last tick that the kernel announced."""
    interrupt: int | None = None
    """Number of the exception whose handler crashed while this thread was current; -1 where it is not known."""
    stack: Stack | None = None
    registers: dict[str, str | None] = {}
    """Of the innermost frame; null where a register is not known."""

    @property
    def called(self) -> str:
        """What a person calls it: by its name, else by its function, else by its address."""
        return self.name or self.entry or self.address or "unknown thread"


class KernelObject(msgspec.Struct, frozen=True, kw_only=True):
    """A mutex, semaphore, queue, timer, heap …, and what it was doing."""

    kind: str
    name: str
    """Of the variable, or of the part of one, such as `queues[2].lock`."""
    address: str
    state: str
    """For a person, in half a line; empty where only the waiting threads are known."""
    facts: dict[str, int] = {}
    """For scripts; sizes in bytes, times in ticks."""
    functions: dict[str, list[str]] = {}
    """What it will call: a timer's function, the handlers of work that is pending."""
    owner: str | None = None
    """The thread that holds it."""
    waiting: list[str] = []
    """The threads that wait for it."""
    problem: str | None = None
    """What is wrong with it, such as a damaged heap."""


class DeadlockStep(msgspec.Struct, frozen=True, kw_only=True):
    """One thread of a deadlock: it waits for a mutex that the next one holds."""

    thread: str
    mutex: str
    held_by: str


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule of explanation has to say."""

    rule: str
    """Stable name such as `null-pointer`."""
    text: str


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """The load or store that failed."""

    direction: str
    """`load`, `store` or `update`, which is both at once."""
    address: str
    """Of the first byte."""
    size: int
    """Bytes, of all registers together where there are several."""
    register: str | None = None
    """The base register, and what it held."""
    pointer: str | None = None
    variables: list[str] = []
    """What that register is in the source; all of them are true. Empty where none is certain."""
    expression: str | None = None
    """What was accessed, as the source writes it."""


class Instruction(msgspec.Struct, frozen=True, kw_only=True):
    """A line of disassembly."""

    address: str
    code: str
    """The bytes, hexadecimal, in the order of memory."""
    text: str
    target: str | None = None
    """Function and offset that a branch leads to."""
    file: str | None = None
    line: int | None = None
    failed: bool = False
    """Whether this is the instruction that failed, or the call of what failed."""


class Assertion(msgspec.Struct, frozen=True, kw_only=True):
    """An assertion that did not hold, as far as it can be told."""

    text: str | None = None
    """The condition."""
    file: str | None = None
    line: int | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why it crashed."""

    kind: str
    """Stable slug such as `null-dereference`."""
    title: str
    """One line a person recognises."""
    explanation: str
    reason: int | None = None
    """Zephyr's reason code; null when it never arrived."""
    reason_name: str = ""
    address: str | None = None
    """The address whose access failed."""
    evidence: list[str] = []
    notes: list[Note] = []
    """What the explanation is made of."""
    access: Access | None = None
    assertion: Assertion | None = None
    disassembly: list[Instruction] = []
    """Around the instruction that failed."""


class Firmware(msgspec.Struct, frozen=True, kw_only=True):
    """The firmware that the symbols came from."""

    build_id: str | None = None
    """Hexadecimal; of the dump where it names one, else of the symbols."""
    matches: bool | None = None
    """False when something speaks against these symbols, true when only what speaks for them was found.

    Null where nothing tells, and without symbols.
    """


class Dump(msgspec.Struct, frozen=True, kw_only=True):
    """What the dump is; sizes in bytes."""

    container: str
    size: int
    truncated: bool
    version: int | None
    architecture: str
    pointer_size: int
    memory: list[tuple[str, str]]
    """Dumped ranges, end exclusive."""
    memory_size: int
    trailing_size: int = 0


class Warning(msgspec.Struct, frozen=True, kw_only=True):  # noqa: A001 - the shape's own word
    """What a reader should know before trusting the report."""

    code: str
    text: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole analysis of one dump."""

    format: int = FORMAT
    symbolized: bool
    fault: Fault
    fingerprint: str
    grouped_by: str
    threads: list[Thread]
    """The crashed one first."""
    firmware: Firmware
    dump: Dump
    objects: list[KernelObject] = []
    """By address."""
    deadlocks: list[list[DeadlockStep]] = []
    """Circles of threads that wait for each other."""
    warnings: list[Warning] = []

    def crashed_thread(self) -> Thread | None:
        """The thread that crashed."""
        return next((thread for thread in self.threads if thread.crashed), None)


def encode_report(report: Report) -> bytes:
    """The report as JSON, indented."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def decode_report(data: bytes) -> Report:
    """A report from its JSON; raises `msgspec.DecodeError`."""
    return msgspec.json.decode(data, type=Report)
