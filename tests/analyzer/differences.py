"""Why a report of a golden case and gdb's answer differ: every difference belongs to a class, which code decides."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from analyzer.cpu import Cpu, cpu_for
from analyzer.dump.memory import Memory
from analyzer.dump.parse import parse
from analyzer.report.model import Frame
from analyzer.symbols.interface import SourceFrame
from tests.analyzer.golden import answer_of, dump_of, symbols_of

_REG0, _REG31, _BREG0, _FBREG = 0x50, 0x6F, 0x70, 0x91
_ENTRY_VALUES = (0xA3, 0xF3)


@dataclass(frozen=True)
class Difference:
    """A frame, or a variable of a frame that is the same, of which gdb says something else than we do."""

    case: str
    thread: str
    our: Frame | None
    their: dict[str, Any] | None
    interrupted: bool = False
    """Whether `our` is where its thread stopped, and not a caller."""
    missing: tuple[Frame, ...] = ()
    """The frames around `our` that gdb does not have, innermost first, and the next one that it has."""
    name: str = ""
    """Of the variable; empty for a frame."""
    value: str | None = None
    """Ours; None where we do not list the variable."""
    wanted: tuple[str, ...] = ()
    """gdb's."""

    def __str__(self) -> str:
        """One line."""
        if self.name and self.our is not None:
            where = f"{self.case} {self.thread} {self.our.function}"
            return f"{where}: {self.name} = {self.value}, gdb: {', '.join(self.wanted)}"
        ours = self.our and (self.our.pc, self.our.function, self.our.line)
        theirs = self.their and (self.their["pc"], self.their["function"], self.their["line"])
        return f"{self.case} {self.thread}: frame {ours}, gdb: {theirs}"

    @property
    def known(self) -> bool:
        """Whether we have a value."""
        return self.value is not None and not self.value.startswith("<")


class Class(NamedTuple):
    """A kind of difference."""

    name: str
    reason: str
    holds: Callable[[Difference], bool]


def class_of(difference: Difference) -> Class | None:
    """The class of a difference; None for one that nothing explains."""
    return next((one for one in CLASSES if one.holds(difference)), None)


def _cpu(case: str) -> Cpu:
    header = parse(dump_of(case)).header
    cpu = cpu_for(header.target, symbols_of(case).machine, header.pointer_size)
    assert cpu is not None
    return cpu


def _sources(difference: Difference) -> tuple[int, list[SourceFrame]]:
    """The pc to look up and the functions active there, of those that are meant."""
    if difference.our is None:
        return 0, []
    pc = int(difference.our.pc, 16) - (not difference.interrupted)
    active = symbols_of(difference.case).source_frames(pc)
    return pc, [one for one in active if one.function == difference.our.function]


def _locations(difference: Difference) -> list[bytes]:
    """Where the debug information has the variable."""
    pc, sources = _sources(difference)
    symbols = symbols_of(difference.case)
    variables = [one for source in sources for one in symbols.variables(source.scope, pc)]
    return [one.location for one in variables if one.name == difference.name and one.location]


def _left_out_by_gdb(difference: Difference) -> bool:
    """The call instruction itself names the outermost of the functions that gdb does not have."""
    if difference.their is not None or len(difference.missing) < 2:
        return False
    *_, called, caller = difference.missing
    symbols = symbols_of(difference.case)
    memory = Memory(parse(dump_of(difference.case)).memory, symbols.read_only)
    target = _cpu(difference.case).call_target(int(caller.pc, 16), memory)
    active = symbols.source_frames(target) if target is not None else ()
    return bool(active) and active[-1].function == called.function


def _told_across_units(difference: Difference) -> bool:
    """We know what was passed, by a call whose callee is described in another unit."""
    is_entry_value = any(one[0] in _ENTRY_VALUES for one in _locations(difference))
    gdb_does_not = all(one.startswith("<") for one in difference.wanted)
    lto = "LTO" in answer_of(difference.case)["options"]
    return difference.known and gdb_does_not and is_entry_value and lto


def _without_call_frame_information(difference: Difference) -> bool:
    unwind = answer_of(difference.case)["options"].get("UNWIND", "cfi")
    unlisted = difference.value is None or any(one[0] == _FBREG for one in _locations(difference))
    return bool(difference.name) and not difference.known and unlisted and unwind != "cfi"


def _given_up(difference: Difference) -> bool:
    tail_call = difference.their is not None and difference.their["kind"] == "tail-call"
    on_stack = (_FBREG, _BREG0 + _cpu(difference.case).sp)
    return tail_call and not difference.known and any(one[0] in on_stack for one in _locations(difference))


def _in_a_register_that_calls_change(difference: Difference) -> bool:
    kept = _cpu(difference.case).callee_saved
    numbers = [one[0] - _REG0 for one in _locations(difference) if len(one) == 1 and _REG0 <= one[0] <= _REG31]
    return not difference.known and not difference.interrupted and any(number not in kept for number in numbers)


CLASSES = (
    Class(
        "tail call not seen by gdb",
        "Under -flto the callee of a tail call is described in another unit, where gdb does not find it: it leaves out "
        "functions that the call instruction on the stack names. We have them.",
        _left_out_by_gdb,
    ),
    Class(
        "argument not seen by gdb",
        "For the same reason gdb does not take what a call passed from its description. We do.",
        _told_across_units,
    ),
    Class(
        "gdb had more to go by",
        "gdb was asked before the call frame information was taken out of the firmware. Without it we read no variable "
        "of a frame that was found by a guess, and none by an offset from a frame whose place is not known.",
        _without_call_frame_information,
    ),
    Class(
        "on a stack given up",
        "The function left by a tail call, and the variable was in its part of the stack. gdb reads what is there now.",
        _given_up,
    ),
    Class(
        "in a register that calls change",
        "The debug information has a caller's variable in a register that its callee may have written to. gdb takes "
        "what is in there now. We do where GCC says that the callee leaves it alone (-fipa-ra), and stopped in that.",
        _in_a_register_that_calls_change,
    ),
)
"""Told apart in this order."""
