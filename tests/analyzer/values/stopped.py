"""A minimal unwinder for Cortex-M, so that values can be tried on real dumps without the rest of the analyzer."""

from dataclasses import dataclass, field

from analyzer.dump.memory import Memory
from analyzer.symbols.index import SymbolIndex
from analyzer.symbols.interface import RuleKind
from analyzer.values.call_path import call_path

SP, LR, PC = 13, 14, 15
CALLEE_SAVED = range(4, 12)


@dataclass
class StoppedFrame:
    """A frame; `lookup` is the pc to look up."""

    index: SymbolIndex
    memory: Memory
    registers: dict[int, int]
    lookup: int
    outer: "StoppedFrame | None" = field(default=None)
    return_address: int | None = None

    def register(self, number: int) -> int | None:
        return self.registers.get(number)

    def lost(self, number: int | None) -> bool:
        del number
        return False

    def read(self, address: int, size: int) -> bytes | None:
        return self.memory.read(address, size)

    def cfa(self) -> int | None:
        row = self.index.unwind_row(self.lookup)
        base = None if row is None else self.register(row.cfa_register)
        return None if row is None or base is None else base + row.cfa_offset & 0xFFFFFFFF

    def frame_base_expression(self) -> bytes | None:
        frames = self.index.source_frames(self.lookup)
        return self.index.frame_base(frames[-1].scope, self.lookup) if frames else None

    def caller(self) -> "StoppedFrame | None":
        return self.outer

    def returns_to(self) -> int | None:
        return self.return_address


def stack(frame: StoppedFrame) -> list[StoppedFrame]:
    """The frame and its callers, with the frames that left by a tail call put back."""
    frames = [frame]
    while len(frames) < 64:
        frame = frames[-1]
        address = _return_address(frame)
        caller = _caller(frame, address)
        if caller is None or address is None:
            return frames
        frame.outer, frame.return_address = caller, address
        function = frame.index.function_start(frame.lookup)
        path = None if function is None else call_path(frame.index, caller, address, function)
        for site in reversed((path or ())[1:]):
            registers = {**caller.registers, LR: address | 1}
            left = StoppedFrame(frame.index, frame.memory, registers, site.return_address - 1, caller, address)
            frames[-1].outer = left
            frames.append(left)
        frames.append(caller)
    return frames


def _return_address(frame: StoppedFrame) -> int | None:
    row = frame.index.unwind_row(frame.lookup)
    rule = None if row is None else row.rules.get(LR)
    if row is None or (rule is not None and rule.kind is not RuleKind.OFFSET):
        return None
    address = frame.register(LR)
    if rule is not None:
        cfa = frame.cfa()
        raw = None if cfa is None else frame.read(cfa + rule.offset, 4)
        address = None if raw is None else int.from_bytes(raw, "little")
    return None if address is None else address & ~1


def _caller(frame: StoppedFrame, address: int | None) -> StoppedFrame | None:
    row, cfa = frame.index.unwind_row(frame.lookup), frame.cfa()
    if row is None or cfa is None or address is None or not frame.index.is_code(address - 1):
        return None
    registers = {number: frame.registers[number] for number in CALLEE_SAVED if number in frame.registers}
    for number, rule in row.rules.items():
        registers.pop(number, None)
        raw = frame.read(cfa + rule.offset, 4) if rule.kind is RuleKind.OFFSET else None
        if raw is not None and number != LR:
            registers[number] = int.from_bytes(raw, "little")
    return StoppedFrame(frame.index, frame.memory, {**registers, SP: cfa, PC: address}, address - 1)
