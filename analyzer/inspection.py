"""What a person asks for while looking at a dump: values opened step by step, registers cast, memory with symbols.

Nothing here is computed before it is asked for. A value is named by where it starts and by the numbers of the parts
that lead to it, so that a page or a command can ask for the next level without keeping anything.
"""

import struct
from collections.abc import Sequence
from functools import cached_property
from typing import Final, TypeVar

import msgspec

from analyzer.analyze import Analysis
from analyzer.memory_view import MemoryRun, memory_runs, pointed_at
from analyzer.questions import FrameAt, GlobalAt, ObjectAt, Start
from analyzer.report.build import Subject
from analyzer.report.model import Instruction
from analyzer.symbols.types import Global, TypedSymbols
from analyzer.unwind import Frame
from analyzer.values import scalars
from analyzer.values.expression import Context, place_of
from analyzer.values.locals import FrameVariables
from analyzer.values.place import Implicit, InMemory
from analyzer.values.render import Renderer
from analyzer.values.scope import is_static
from analyzer.values.shapes.shape import Part
from contract.errors import InputError

MOST_ROWS: Final = 1000
MOST_MEMORY: Final = 64 << 10
MOST_LEVELS: Final = 64
_INTEGERS: Final = {f"{sign}int{bits}": (bits, sign == "") for bits in (8, 16, 32, 64) for sign in ("", "u")}
_Item = TypeVar("_Item")
_FLOATS: Final = {"float": "<f", "double": "<d"}


class NoSuchThing(InputError):
    """What was asked for is not in this dump or firmware."""

    code = "not-found"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A value, closed: `parts` says how many members, elements or targets can be asked for."""

    name: str
    type: str
    text: str
    known: bool = True
    """Whether `text` is a value; else it says why there is none."""
    parts: int = 0
    address: int | None = None
    kind: str = ""
    """`parameter`, `local`, `static` or `global`; empty for parts."""


class GlobalRow(msgspec.Struct, frozen=True, kw_only=True):
    """A variable that outlives functions, not decoded yet; `number` names it for `Inspection.value`."""

    number: int
    name: str
    type: str
    file: str
    function: str = ""
    """Of a static variable inside one."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the variables that fit a filter, and how many there are."""

    rows: list[GlobalRow]
    total: int


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """A register of a frame."""

    name: str
    number: int | None
    """DWARF number; none for the status register."""
    value: int | None
    text: str
    """The value in hexadecimal, or why it is not known."""
    fields: dict[str, int] = {}
    """Of a status register: what its bits say."""


class Inspection:
    """Answers about one dump. Every method may raise `NoSuchThing`."""

    def __init__(self, analysis: Analysis) -> None:
        self._analysis = analysis

    @property
    def _symbols(self) -> TypedSymbols:
        symbols = self._analysis.symbols
        if symbols is None:
            raise NoSuchThing("Values need the firmware's symbols; upload the ELF file this dump belongs to.")
        return symbols

    @cached_property
    def _globals(self) -> list[Global]:
        return list(self._symbols.global_variables())

    def global_variables(self, text: str = "", start: int = 0, limit: int = 100) -> Page:
        """Variables whose name, file or function holds the text, whatever its case; none is decoded."""
        wanted = text.casefold()
        found = [
            number
            for number, one in enumerate(self._globals)
            if any(wanted in each.casefold() for each in (one.variable.name, one.file, one.function))
        ]
        shown = found[max(start, 0) :][: min(max(limit, 0), MOST_ROWS)]
        return Page(rows=[self._row(number) for number in shown], total=len(found))

    def _row(self, number: int) -> GlobalRow:
        one = self._globals[number]
        name = self._symbols.type_name(one.variable.type)
        return GlobalRow(number=number, name=one.variable.name, type=name, file=one.file, function=one.function)

    def variables(self, at: FrameAt) -> list[Node]:
        """Parameters, locals and function statics of a frame, closed."""
        renderer, parts = self._frame_parts(at)
        return [self._node(renderer, part, kind) for part, kind in parts]

    def value(self, at: Start, path: Sequence[int] = ()) -> Node:
        """The value that a path leads to: of a frame the variable's number first, then parts' numbers."""
        renderer, part, kind = self._part(at, path)
        return self._node(renderer, part, kind)

    def open(self, at: Start, path: Sequence[int] = (), start: int = 0, limit: int = 100) -> list[Node]:
        """The parts of a value: members, elements, or what a pointer points at, so many from `start` on."""
        if isinstance(at, FrameAt) and not path:
            return self.variables(at)[max(start, 0) :][: min(max(limit, 0), MOST_ROWS)]
        renderer, part, _ = self._part(at, path)
        parts = renderer.parts(part)
        end = min(len(parts), max(start, 0) + min(max(limit, 0), MOST_ROWS))
        return [self._node(renderer, parts[number], "") for number in range(max(start, 0), end)]

    def _node(self, renderer: Renderer, part: Part, kind: str) -> Node:
        value = renderer.value(part)
        address = part.view.address
        return Node(
            name=part.name,
            type=value.type,
            text=value.text,
            known=value.known,
            parts=len(renderer.parts(part)),
            address=None if address is None or part.at % 8 else address + part.at // 8,
            kind=kind,
        )

    def _part(self, at: Start, path: Sequence[int]) -> tuple[Renderer, Part, str]:
        if len(path) > MOST_LEVELS:
            raise NoSuchThing(f"Values are opened at most {MOST_LEVELS} levels deep.")
        rest, kind = list(path), ""
        if isinstance(at, FrameAt):
            renderer, parts = self._frame_parts(at)
            part, kind = _pick(parts, rest.pop(0) if rest else -1, "variable")
        else:
            renderer, part = self._alone(at)
            kind = "global" if isinstance(at, GlobalAt) else ""
        for number in rest:
            part, kind = _pick(renderer.parts(part), number, "part"), ""
        return renderer, part, kind

    def _alone(self, at: GlobalAt | ObjectAt) -> tuple[Renderer, Part]:
        machine = _NoFrame(self._analysis)
        context = Context(machine, self._symbols)
        renderer = Renderer.of(self._symbols, machine, context)
        if isinstance(at, GlobalAt):
            variable = _pick(self._globals, at.number, "global variable").variable
            return renderer, renderer.part(variable.name, place_of(variable, context), variable.type)
        return renderer, renderer.part(at.type, InMemory(at.address), self._type(at.type))

    def _type(self, name: str) -> int:
        handle = self._symbols.type_named(name)
        if handle is None:
            raise NoSuchThing(f"The program has no type {name!r}, or several different ones of that name.")
        return handle

    def _frame_parts(self, at: FrameAt) -> tuple[Renderer, list[tuple[Part, str]]]:
        frame = self._frame(at)
        variables = FrameVariables(self._symbols, frame, frame.lookup_pc, spared=frame.spared)
        sources = frame.source_frames()
        if frame.guessed or not sources:
            return variables.renderer, []
        scope = _pick(sources, at.inlined, "inlined function").scope
        return variables.renderer, [
            (part, "parameter" if one.is_parameter else "static" if is_static(one) else "local")
            for one, part in variables.opened(scope)
        ]

    def _subject(self, thread: int) -> Subject:
        return _pick(self._analysis.subjects, thread, "thread")

    def _frame(self, at: FrameAt) -> Frame:
        stack = self._subject(at.thread).stack
        return _pick(stack.frames if stack is not None else (), at.frame, "frame")

    def registers(self, at: FrameAt) -> list[Register]:
        """The registers of a frame, as far as they survived the calls further in."""
        cpu, frame = self._analysis.cpu, self._frame(at)
        if cpu is None:
            return []
        found = [self._register(name, number, frame.register(number)) for number, name in cpu.register_names.items()]
        context = self._subject(at.thread).context
        if at.frame == 0 and context is not None and context.status is not None:
            found.append(self._register(cpu.status_name, None, context.status))
        return found

    def _register(self, name: str, number: int | None, value: int | None) -> Register:
        if value is None:
            return Register(name=name, number=number, value=None, text="<not known>")
        layout = () if self._analysis.cpu is None else self._analysis.cpu.bit_fields.get(name, ())
        fields = {field.name: value >> field.low & (1 << field.width) - 1 for field in layout}
        return Register(name=name, number=number, value=value, text=f"{value:#x}", fields=fields)

    def cast(self, value: int, kind: str) -> Node:
        """A register's or any other value as something else.

        `kind` is `int8` to `int64`, `uint8` to `uint64`, `float`, `double`, `ascii`, `pointer`, or the name of a type
        of the program, of which the value is then the first bytes.
        """
        size = self._analysis.dump.header.pointer_size
        raw = (value & (1 << 64) - 1).to_bytes(8, "little")
        if kind in _INTEGERS:
            bits, signed = _INTEGERS[kind]
            number = value & (1 << bits) - 1
            return Node(name="", type=kind, text=str(scalars.signed(number, bits) if signed else number))
        if kind in _FLOATS:
            layout = _FLOATS[kind]
            digits = 9 if kind == "float" else 17
            return Node(name="", type=kind, text=f"{struct.unpack_from(layout, raw)[0]:.{digits}g}")
        if kind == "ascii":
            shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in raw[:size])
            return Node(name="", type=kind, text=shown)
        if kind == "pointer":
            return Node(name="", type=kind, text=self._pointer(value), address=value)
        machine = _NoFrame(self._analysis)
        renderer = Renderer.of(self._symbols, machine)
        return self._node(renderer, renderer.part(kind, Implicit(raw), self._type(kind)), "")

    def _pointer(self, address: int) -> str:
        """An address with the symbol that it is in, and where its memory is known from."""
        text = f"{address:#x}"
        found = pointed_at(self._analysis, address)
        if found is not None:
            target, symbol = found
            offset = target - symbol.address
            if symbol.size or symbol.address == address:
                text += f" <{symbol.name}+{offset}>" if offset > 0 else f" <{symbol.name}>"
        if self._analysis.memory.read(address, 1) is None:
            text += " (not in dump)"
        return text

    def types(self, text: str, limit: int = 20) -> list[str]:
        """Names of types that a value can be cast to and that hold the text, whatever its case, the shortest first."""
        wanted = text.casefold()
        found = {name for name in self._symbols.type_names() if wanted in name.casefold()}
        return sorted(found, key=lambda name: (len(name), name))[: min(max(limit, 0), MOST_ROWS)]

    def disassembly(self, at: FrameAt) -> list[Instruction]:
        """The code around a frame's program counter; empty where it is not known."""
        return self._analysis.fault_writer().around(self._frame(at))

    def memory(self, address: int, size: int) -> list[MemoryRun]:
        """Memory, cut where its source or its symbol changes; at most `MOST_MEMORY` bytes."""
        if address < 0 or not 0 <= size <= MOST_MEMORY:
            raise NoSuchThing(f"Memory is shown from address 0 on, at most {MOST_MEMORY} bytes at once.")
        end = min(address + size, 1 << 8 * self._analysis.dump.header.pointer_size)
        return memory_runs(self._analysis, address, end)


class _NoFrame:
    """Memory without a frame: what globals are read from."""

    def __init__(self, analysis: Analysis) -> None:
        self._memory = analysis.memory

    def register(self, number: int) -> int | None:
        """No register is known."""
        del number

    def lost(self, number: int | None) -> bool:
        """Nothing was there that could have been lost."""
        del number
        return False

    def read(self, address: int, size: int) -> bytes | None:
        """Memory of the dump."""
        return self._memory.read(address, size)

    def cfa(self) -> int | None:
        """There is no frame."""
        return None

    def frame_base_expression(self) -> bytes | None:
        """There is no frame."""
        return None

    def caller(self) -> None:
        """Nobody called."""
        return

    def returns_to(self) -> None:
        """Nobody called."""
        return


def _pick(items: Sequence[_Item], number: int, what: str) -> _Item:
    if not 0 <= number < len(items):
        raise NoSuchThing(f"There is no {what} number {number}; there are {len(items)}, counted from 0.")
    return items[number]
