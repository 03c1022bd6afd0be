"""Unwinding: frame by frame from a context outwards, until nothing is known any more, and saying why it ended."""

from collections.abc import Callable, Mapping

from analyzer.cpu import Context, Cpu, SavedThread, WindowedCaller
from analyzer.dump.memory import Memory
from analyzer.symbols.interface import RowSource, RuleKind, UnwindRow
from analyzer.symbols.types import TypedSymbols
from analyzer.unwind.frame import Frame, Trust
from analyzer.unwind.rules import Evaluate, caller_registers, canonical_frame_address, without
from analyzer.unwind.site import MOST_CALL, NOWHERE, Site, sites_of
from analyzer.unwind.stack import End, EndCode, Stack
from analyzer.unwind.tail_calls import departed_frames

MAX_FRAMES = 256
SCAN_WORDS = 256
"""How far up the stack a return address is looked for where no rule tells."""


def _evaluate_nothing(_expression: bytes, _frame: object, _initial: int | None) -> int | None:
    return None


def _never_outermost(_function: str) -> bool:
    return False


class Unwinder:
    """Unwinds the stacks of one dump.

    `is_outermost` tells of a function that nothing calls it, as a thread's entry; `evaluate` computes expressions of
    the call frame information; `thread` is the current thread: some kernels keep in its structure what an interrupt
    handler interrupted.
    """

    def __init__(
        self,
        cpu: Cpu,
        memory: Memory,
        symbols: TypedSymbols | None,
        is_outermost: Callable[[str], bool] = _never_outermost,
        evaluate: Evaluate = _evaluate_nothing,
        *,
        thread: SavedThread | None = None,
    ) -> None:
        self.cpu = cpu
        self.memory = memory
        self.symbols = symbols
        self.is_outermost = is_outermost
        self.evaluate = evaluate
        self.thread = thread
        self._sites = None if symbols is None else sites_of(symbols, cpu, is_outermost)
        self._mask = (1 << 8 * cpu.pointer_size) - 1
        ranges = () if self._sites is None else self._sites.read_only_ranges
        self._overlaid = any(memory.holds(start, end - start) for start, end in ranges)
        """Whether the dump has anything in the place of the image's read-only sections."""

    def unwind(self, context: Context, stack: tuple[int, int] | None = None, *, software_fault: bool = False) -> Stack:
        """Unwind from a context.

        `stack` bounds what the stack pointer can be, half-open; `software_fault` tells that the program asked for
        the fault, so that the instruction before pc is the one to look up.
        """
        pc = context.registers.get(self.cpu.pc)
        if pc is None:
            return Stack(End(EndCode.NO_PC, "the program counter is not in the dump"))
        if not (software_fault and self.cpu.after_call(pc, self.memory)):
            return self._follow(self._frame(pc, context.registers, Trust.CONTEXT, interrupted=True), stack)
        lost = self.cpu.overwritten(pc, self.memory)
        kept = {number: value for number, value in context.registers.items() if number not in lost}
        frame = self._frame(pc - 1, kept, Trust.CONTEXT, interrupted=True)
        frame.pc = pc
        return self._follow(frame, stack)

    def scan(self, pointer: int, stack: tuple[int, int] | None = None) -> Stack:
        """Guess the callers of a function whose registers are lost, from the first return address on its stack."""
        outcome = self._find_return(pointer, {})
        return self._follow(outcome, stack) if isinstance(outcome, Frame) else Stack(outcome)

    def _follow(self, innermost: Frame, stack: tuple[int, int] | None) -> Stack:
        frame = innermost
        frames = [frame]
        while True:
            outcome = self._caller(frame, len(frames))
            if isinstance(outcome, End):
                return Stack(outcome, frames)
            pointer = outcome.registers.get(self.cpu.sp)
            # A stack that overflowed lies below its bounds: only its top can tell that an unwinding has left it.
            if (
                pointer is not None
                and stack is not None
                and pointer > stack[1]
                and outcome.trust is not Trust.EXCEPTION
            ):
                text = f"the caller's stack pointer {pointer:#x} is above the thread's stack"
                return Stack(End(EndCode.OUTSIDE_STACK, text), frames)
            if self.symbols is not None and self._sites is not None and not frame.guessed:
                # What left by a tail call stands in between, if all of it still fits in.
                departed = departed_frames(frame, outcome, self.symbols, self._sites, self.cpu)
                if departed and len(frames) + len(departed) < MAX_FRAMES:
                    for each in departed:
                        frames[-1].outer = each
                        frames.append(each)
            frames[-1].outer = outcome
            outcome.guessed |= frame.guessed
            frames.append(outcome)
            frame = outcome

    def best(
        self, contexts: tuple[Context, ...], stack: tuple[int, int] | None = None, *, software_fault: bool = False
    ) -> tuple[Context, Stack] | None:
        """The context, of several readings of one crash, that unwinds best; None when there is none."""
        found = [(context, self.unwind(context, stack, software_fault=software_fault)) for context in contexts]
        return max(found, key=lambda each: (each[1].end.certain, len(each[1].frames)), default=None)

    def is_executable(self, address: int) -> bool:
        """Whether the address is in a function, as far as the image tells; assemblers' labels have no size."""
        return self._site(address).executable

    def _site(self, address: int) -> Site:
        return NOWHERE if self._sites is None else self._sites.at(address)

    def _frame(self, pc: int, registers: Mapping[int, int], trust: Trust, *, interrupted: bool = False) -> Frame:
        site = self._site(pc if interrupted else pc - 1)
        return Frame(pc, registers, trust, site, self.memory, self.cpu, interrupted=interrupted)

    def _caller(self, frame: Frame, depth: int) -> Frame | End:
        row = frame.site.plain_row
        if row is None or depth >= MAX_FRAMES:
            return self._special_caller(frame, depth, first=depth == 1)
        base = frame.registers.get(row.cfa_register)
        frame.canonical_address = None if base is None else (base + row.cfa_offset) & self._mask
        return self._by_rules(frame, row, Trust.CFI)

    def _special_caller(self, frame: Frame, depth: int, *, first: bool) -> Frame | End:
        """The caller where there may be other ways to tell it than by rules, or more to say than who it is."""
        site = frame.site
        self._note_frame_address(frame, site)
        windowed = self.cpu.by_windows(frame.registers, site.symbol_start, self.memory)
        if isinstance(windowed, WindowedCaller):
            frame.canonical_address = windowed.frame_address
        function = site.function
        if function is not None and self.is_outermost(function):
            return End(EndCode.OUTERMOST, f"{function} is where the thread starts")
        if depth >= MAX_FRAMES:
            return End(EndCode.TOO_MANY, f"more than {MAX_FRAMES} frames")
        if self.symbols is None:
            return End(EndCode.NO_SYMBOLS, "the firmware's symbols are needed to go on")
        if not site.executable:
            return self._behind_bad_jump(frame) if frame.interrupted else self._not_code(frame.pc)
        under = None if function is None else self._under(function, frame)
        if under is None and windowed is not None:
            under = self._windowed(frame, windowed)
        if under is None and site.row is not None:
            under = self._by_row(frame, site.row, first=first)
        return self._scan(frame, first=first) if under is None else under

    def _windowed(self, frame: Frame, found: WindowedCaller | str) -> Frame | End:
        if isinstance(found, str):
            return End(EndCode.NOT_IN_DUMP, found)
        after = found.registers.get(self.cpu.sp)
        if not self._is_progress(frame, after):
            return self._no_progress(frame, after)
        address = found.registers[self.cpu.pc]
        frame.return_address = address
        return self._returning_to(address, without(found.registers, self.cpu.pc), Trust.WINDOW)

    def _note_frame_address(self, frame: Frame, site: Site) -> None:
        """The CFA is what variables are counted from, in the outermost function too."""
        row = site.row
        if row is None:
            return
        frame.canonical_address = canonical_frame_address(row, frame, self.evaluate, self._mask)
        if row.source is RowSource.EXIDX and frame.interrupted and not self._is_in_body(frame, row):
            frame.canonical_address = None

    def _by_row(self, frame: Frame, row: UnwindRow, *, first: bool) -> Frame | End:
        if row.source is RowSource.EXIDX:
            return self._by_tables(frame, row, first=first)
        rule = row.rules.get(row.return_register)
        if rule is not None and rule.kind is RuleKind.UNDEFINED:
            return End(EndCode.OUTERMOST, "nothing calls this function")
        return self._by_rules(frame, row, Trust.CFI)

    def _under(self, function: str, frame: Frame) -> Frame | End | None:
        """What the hardware interrupted to enter a function; None unless the function is known to be such a one."""
        if self.symbols is None:
            return None
        found = self.cpu.interrupted(function, frame.registers, self.memory, self.symbols.field, self.thread)
        if found is None:
            return None
        if found.context is None:
            return End(EndCode.INTERRUPTED, f"exception entry: {found.reason}")
        pc = found.context.registers.get(self.cpu.pc, 0)
        return self._frame(pc, found.context.registers, Trust.EXCEPTION, interrupted=True)

    def _not_code(self, address: int) -> End:
        return End(EndCode.NO_CODE, f"the return address {address:#x} is not code")

    def _behind_bad_jump(self, frame: Frame) -> Frame | End:
        """A call through a bad pointer has done nothing yet but to leave its return address."""
        caller = self.cpu.called_from(frame.registers, self.memory)
        if caller is None:
            return End(EndCode.NO_CODE, f"the program counter {frame.pc:#x} is not code")
        return self._returning_to(caller[self.cpu.pc], without(caller, self.cpu.pc), Trust.CONTEXT)

    def _by_convention(self, frame: Frame) -> Frame | End | None:
        """The caller as the calling convention alone tells it; None where it tells nothing."""
        caller = self.cpu.by_frame_pointer(frame.registers, self.memory)
        if caller is None or self.cpu.pc not in caller:
            return None
        found = self._returning_to(caller[self.cpu.pc], without(caller, self.cpu.pc), Trust.FRAME_POINTER)
        return found if isinstance(found, End) or self._is_progress(frame, caller.get(self.cpu.sp)) else None

    def _by_tables(self, frame: Frame, row: UnwindRow, *, first: bool) -> Frame | End:
        """The caller by exception handling tables: a guess where a prologue or an epilogue may have been at work."""
        rule = row.rules.get(row.return_register)
        if rule is not None and rule.kind is RuleKind.UNDEFINED:
            # That says nothing of the first function's link register, but that the stack leads nowhere.
            found = self._by_link(frame) if first else None
            return found or End(EndCode.CANNOT, "the firmware has no way to unwind this function")
        certain = frame.canonical_address is not None
        if not certain:
            frame.canonical_address = canonical_frame_address(row, frame, self.evaluate, self._mask)
        found = self._by_rules(frame, row, Trust.EXIDX)
        if not certain:
            frame.canonical_address = None
            if isinstance(found, Frame):
                found.guessed = True
        return found

    def _is_in_body(self, frame: Frame, row: UnwindRow) -> bool:
        """Whether a function has run its prologue and not left yet.

        It has if the return address is where the tables say that it was saved: then it still is in the link register,
        unless the function has called something since. Then its code tells.
        A function that keeps nothing on the stack has neither prologue nor epilogue; it may have called something
        all the same if it does not return, which leaves an address of its own in the link register.
        """
        rule = row.rules.get(row.return_register)
        link = frame.register(row.return_register)
        if not row.rules and (row.cfa_register, row.cfa_offset) == (self.cpu.sp, 0):
            return link is not None and not self._same_function(link, frame.pc)
        saved = caller_registers(row, frame, self.cpu, self.evaluate, self._mask)
        if rule is not None and link is not None and saved.get(row.return_register) == link:
            return True
        return self._sites is not None and self._sites.stands(frame.pc)

    def _by_rules(self, frame: Frame, row: UnwindRow, trust: Trust) -> Frame | End:
        cfa = frame.canonical_address
        registers = caller_registers(row, frame, self.cpu, self.evaluate, self._mask)
        address = registers.pop(row.return_register, None)
        if address is None:
            return End(EndCode.NOT_IN_DUMP, "the return address is not in the dump")
        if row.others:  # one of which tells a signature
            address = self.cpu.return_address(address, registers, self.memory)
        frame.return_address = address
        if not self._is_progress(frame, cfa):
            return self._no_progress(frame, cfa)
        found = self._returning_to(address, registers, trust)
        if isinstance(found, Frame) and not found.interrupted:
            found.not_passed_on = frame.site.not_passed_on
            if frame.interrupted:
                found.stopped_in = frame.registers, row.rules
        return found

    def _is_progress(self, frame: Frame, caller: int | None) -> bool:
        """Whether a caller's stack pointer lies above its callee's; what is interrupted may have used no stack yet."""
        before = frame.registers.get(self.cpu.sp)
        return before is None or caller is None or caller > before or (caller == before and frame.interrupted)

    def _no_progress(self, frame: Frame, caller: int | None) -> End:
        before = frame.register(self.cpu.sp)
        return End(EndCode.NO_PROGRESS, f"the caller's frame at {caller or 0:#x} does not lie above {before or 0:#x}")

    def _returning_to(self, address: int, registers: dict[int, int], trust: Trust) -> Frame | End:
        """The frame that is returned to; it takes the registers for its own."""
        behind = None if self._overlaid or self._sites is None else self._sites.behind_call(address)
        if behind is not None:
            pc, site = behind
            registers[self.cpu.pc] = pc
            return Frame(pc, registers, trust, site, self.memory, self.cpu)
        if self.cpu.ends_stack(address):
            return End(EndCode.MARKED, f"the return address is {address:#x}, which marks the end")
        if self.cpu.is_exception_return(address):
            under = self.cpu.exception_return(address, registers, self.memory)
            if under.context is None:
                return End(EndCode.INTERRUPTED, f"exception entry: {under.reason}")
            pc = under.context.registers.get(self.cpu.pc, 0)
            return self._frame(pc, under.context.registers, Trust.EXCEPTION, interrupted=True)
        pc = self.cpu.code_address(address)
        if not self.is_executable(pc - 1):
            return self._not_code(address)
        if not self._follows_call(address):
            # Code that can be written to is neither in the dump nor believed from the image: the rules alone must do.
            unseen = trust is Trust.CFI and self.memory.read(pc - 1, 1) is None
            if not unseen:
                return End(EndCode.NO_CODE, f"the return address {address:#x} does not follow a call")
        registers[self.cpu.pc] = pc
        return self._frame(pc, registers, trust)

    def _follows_call(self, address: int) -> bool:
        """Whether a call stands before a return address, which only the image tells where the dump has no code."""
        code = self.cpu.code_address(address)
        if self._sites is None or self.memory.holds(code - MOST_CALL, MOST_CALL):
            return self.cpu.follows_call(address, self.memory)
        return self._sites.follows_call(address)

    def _scan(self, frame: Frame, *, first: bool) -> Frame | End:
        """Guess the caller of a function without call frame information, such as one written in assembler."""
        pointer = frame.register(self.cpu.sp)
        # Innermost, the function may have made no frame yet, so that a chain of frames starts at its caller's.
        found = (self._by_link(frame) if first else None) or self._by_convention(frame)
        if found is not None:
            return found
        if pointer is None:
            return End(EndCode.NO_RULES, "there is no call frame information here, and no stack pointer to scan from")
        kept = {number: value for number, value in frame.registers.items() if number in self.cpu.untouched}
        return self._find_return(pointer, kept)

    def _by_link(self, frame: Frame) -> Frame | End | None:
        """The caller by the link register of a function that has called nothing since; None where that is no caller."""
        link = None if self.cpu.link is None else frame.register(self.cpu.link)
        if (
            not frame.interrupted
            or link is None
            or not self._may_return_to(link)
            or self._same_function(link, frame.pc)
        ):
            return None
        known = self.cpu.untouched | {self.cpu.sp}
        kept = {number: value for number, value in frame.registers.items() if number in known}
        return self._guessed(link, kept)

    def _find_return(self, pointer: int, kept: Mapping[int, int]) -> Frame | End:
        """The caller by the first word above a stack pointer that can be a return address."""
        size = self.cpu.pointer_size
        raw = self.memory.dumped(pointer, SCAN_WORDS * size)
        for at in range(0, len(raw) - size + 1, size):
            word = int.from_bytes(raw[at : at + size], "little")
            if self._may_return_to(word):
                return self._guessed(word, {**kept, self.cpu.sp: pointer + at + size})
        return End(EndCode.NO_RULES, "there is no call frame information here, and no return address on the stack")

    def _guessed(self, address: int, registers: dict[int, int]) -> Frame | End:
        """The frame that a function may return to, or the one that was interrupted to enter it: guessed alike."""
        found = self._returning_to(address, registers, Trust.SCAN)
        if isinstance(found, Frame):
            found.guessed = True
        return found

    def _may_return_to(self, word: int) -> bool:
        if self.cpu.is_exception_return(word):
            return True
        return self.is_executable(self.cpu.code_address(word) - 1) and self._follows_call(word)

    def _same_function(self, link: int, pc: int) -> bool:
        if self.symbols is None:
            return False
        return self.symbols.symbol_at(self.cpu.code_address(link) - 1) == self.symbols.symbol_at(pc)
