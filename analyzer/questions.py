"""What may be asked about one dump from outside the process that reads it.

A page asks for one level of one value at a time. Each question is a value that can go through a pipe; the answer is
JSON of what `analyzer.inspection` gives.
"""

import msgspec


class FrameAt(msgspec.Struct, frozen=True, kw_only=True, tag_field="at", tag="frame"):
    """The variables of a frame: numbers of thread, frame and, among what is inlined there, the function (0 innermost).

    Threads are in the order of the report, frames are those of the stack, without the inlined ones.
    """

    thread: int
    frame: int
    inlined: int = 0


class GlobalAt(msgspec.Struct, frozen=True, kw_only=True, tag_field="at", tag="global"):
    """A global variable by its number."""

    number: int


class ObjectAt(msgspec.Struct, frozen=True, kw_only=True, tag_field="at", tag="object"):
    """Any address as an object of any type of the program, by its name."""

    type: str
    address: int


Start = FrameAt | GlobalAt | ObjectAt


class OpenValue(msgspec.Struct, frozen=True, tag="open"):
    """The parts of a value, or the variables of a frame where there is no path → list of `Node`."""

    at: Start
    path: list[int] = []
    start: int = 0
    limit: int = 100


class ListGlobals(msgspec.Struct, frozen=True, tag="globals"):
    """Global variables whose name, file or function holds a text → `Page`."""

    text: str = ""
    start: int = 0
    limit: int = 100


class ShowValue(msgspec.Struct, frozen=True, tag="value"):
    """A value itself → `Node`."""

    at: Start
    path: list[int] = []


class ListRegisters(msgspec.Struct, frozen=True, tag="registers"):
    """The registers of a frame → list of `Register`."""

    at: FrameAt


class CastValue(msgspec.Struct, frozen=True, tag="cast"):
    """A value as something else → `Node`."""

    value: int
    kind: str


class ListTypes(msgspec.Struct, frozen=True, tag="types"):
    """Names of types of the program that hold a text → list of names."""

    text: str = ""
    limit: int = 20


class ReadMemory(msgspec.Struct, frozen=True, tag="memory"):
    """Memory with its symbols → list of `MemoryRun`, bytes in base 64."""

    address: int
    size: int


class Disassemble(msgspec.Struct, frozen=True, tag="disassemble"):
    """The code around a frame → list of `Instruction` as in the report."""

    at: FrameAt


class AssessFit(msgspec.Struct, frozen=True, tag="fit"):
    """Whether dump and firmware belong together → `Fit`."""


class WriteCore(msgspec.Struct, frozen=True, tag="core"):
    """Write an ELF core for gdb to a file → its size in bytes."""

    output: str
    flags: int = 0
    """`e_flags` of the firmware's ELF header."""


Question = (
    OpenValue
    | ListGlobals
    | ShowValue
    | ListRegisters
    | CastValue
    | ListTypes
    | ReadMemory
    | Disassemble
    | AssessFit
    | WriteCore
)
