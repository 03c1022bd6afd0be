"""The report as a ticket in Markdown (CommonMark with GitHub's extensions, which GitLab shares).

Names and texts come from devices and are hostile: a thread may be called `<script>`, or `@everyone`. Where they are
quoted they stand in code, whose delimiters are longer than any run of backticks inside; elsewhere every character that
means something is escaped.
"""

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence

from analyzer.report import model
from analyzer.report.recursion import folded

MOST_FRAMES = 40
"""Of one stack."""
MOST_THREADS = 64
MOST_VARIABLE_FRAMES = 4
"""Frames whose variables are shown."""
_REGISTER_COLUMNS = 4
_MARKED = re.compile(r"^[-+=]|[\\`*\[\]{}~|!]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])|(?<=www)\.|:(?=//)")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BREAK = "\u200b"
"""A space of no width, behind what would call a person or an issue."""


def markdown(report: model.Report, *, dump: str = "dump.core", elf: str = "zephyr.elf") -> str:
    """The ticket; `dump` and `elf` are the names of the files that whoever reads it will have."""
    return "\n\n".join(_sections(report, dump, elf)) + "\n"


def _sections(report: model.Report, dump: str, elf: str) -> Iterator[str]:
    yield f"# {_text(report.fault.title)}"
    yield _text(report.fault.explanation)
    if report.fault.evidence:
        yield _list(map(_text, report.fault.evidence))
    if report.warnings:
        yield _list(f"⚠ **{_text(warning.code)}**: {_text(warning.text)}" for warning in report.warnings)
    for circle in report.deadlocks:
        yield f"⚠ **deadlock**: {'; '.join(map(_step, circle))}"
    crashed = report.crashed_thread()
    if crashed is not None:
        yield "## Crashed thread"
        yield _thread_line(crashed)
        yield _block(_stack(crashed))
        if report.fault.disassembly:
            yield _folded("Instructions", _block(_disassembly(report.fault.disassembly)))
        variables = list(_variables(crashed.frames))
        if variables:
            yield "Variables"
            yield _block(variables)
        if crashed.registers:
            yield _folded("Registers", _block(_registers(crashed.registers)))
    others = [thread for thread in report.threads if not thread.crashed]
    if others:
        yield _folded(f"{len(others)} other threads", "\n\n".join(_threads(others)))
    troubled = [one for one in report.objects if one.problem]
    if troubled:
        yield _list(f"{_text(one.kind)} {_code(one.name)}: {_text(one.problem)}" for one in troubled)
    yield "## Firmware and dump"
    yield _list(_facts(report))
    yield "To look around in the dump:"
    yield _block([shlex.join(["faultcast", "gdb", _safe(dump), "--elf", _safe(elf)])])


def _safe(text: str | None) -> str:
    """On one line, without anything that steers a reader's screen."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text or "")


def _text(text: str | None) -> str:
    """Text that stays text."""
    marked = _MARKED.sub(lambda found: "\\" + found[0], _safe(text).strip())
    broken = re.sub("[@#]", lambda found: found[0] + _BREAK, marked)
    return re.sub("[&<>]", lambda found: _ENTITIES[found[0]], broken)


def _fence(content: str, least: int) -> str:
    return "`" * max(least, 1 + max((len(run) for run in re.findall("`+", content)), default=0))


def _code(text: str | None) -> str:
    """A code span."""
    content = _safe(text)
    if not content.strip():
        return "(unnamed)"
    fence = _fence(content, 1)
    pad = " " if fence != "`" or content != content.strip() else ""
    return f"{fence}{pad}{content}{pad}{fence}"


def _block(lines: Iterable[str]) -> str:
    """A fenced code block."""
    content = "\n".join(map(_safe, lines))
    fence = _fence(content, 3)
    return f"{fence}text\n{content}\n{fence}"


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _folded(summary: str, content: str) -> str:
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"


def _step(step: model.DeadlockStep) -> str:
    return f"{_code(step.thread)} waits for {_code(step.mutex)}, held by {_code(step.held_by)}"


def _threads(threads: Sequence[model.Thread]) -> Iterator[str]:
    for thread in threads[:MOST_THREADS]:
        yield _thread_line(thread)
        yield _block(_stack(thread))
    if len(threads) > MOST_THREADS:
        yield f"{len(threads) - MOST_THREADS} more threads are in the JSON report."


def _thread_line(thread: model.Thread) -> str:
    facts = [_code(thread.called)]
    facts += [thread.state] if thread.state != "unknown" else []
    if thread.waits_for:
        held = f", held by {_code(thread.waits_owner)}" if thread.waits_owner else ""
        facts.append(f"waits for {_text(thread.waits_kind)} {_code(thread.waits_for)}{held}".replace("  ", " "))
    if thread.wakes_in is not None:
        facts.append(f"wakes in {thread.wakes_in} ticks")
    if thread.interrupt is not None:
        facts.append("in an interrupt" if thread.interrupt < 0 else f"in exception {thread.interrupt}")
    if thread.priority is not None:
        facts.append(f"priority {thread.priority}")
    if thread.stack is not None:
        facts.append(_stack_use(thread.stack))
    return " · ".join(facts)


def _stack_use(stack: model.Stack) -> str:
    if stack.overflow:
        return f"**stack overflowed its {stack.size} bytes**"
    most = max(stack.peak or 0, stack.used or 0)
    return f"stack {most} of {stack.size} bytes" if most else f"stack {stack.size} bytes"


def _stack(thread: model.Thread) -> Iterator[str]:
    for number, frame in folded(thread.frames[:MOST_FRAMES]):
        yield f"    ⋯ {number} more of the same" if frame is None else _frame_line(number, frame)
    if len(thread.frames) > MOST_FRAMES:
        yield f"    ⋯ {len(thread.frames) - MOST_FRAMES} more frames"
    elif not thread.complete and thread.unwound:
        yield f"    ⋯ {thread.unwound}"


def _frame_line(number: int, frame: model.Frame) -> str:
    place = f" at {frame.file}{f':{frame.line}' if frame.line else ''}" if frame.file else ""
    notes = "inlined" if frame.inlined else frame.pc
    guess = ", a guess" if frame.trust == "scan" else ""
    return f"{f'#{number}':<4}{frame.function or '??'}{place} ({notes}{guess})"


def _variables(frames: Sequence[model.Frame]) -> Iterator[str]:
    shown = [(number, frame) for number, frame in enumerate(frames) if frame.locals][:MOST_VARIABLE_FRAMES]
    for number, frame in shown:
        yield f"#{number} {frame.function or '??'}"
        for variable in frame.locals:
            yield f"    {variable.type} {variable.name} = {variable.value}"


def _disassembly(instructions: Sequence[model.Instruction]) -> Iterator[str]:
    for one in instructions:
        target = f"  <{one.target}>" if one.target else ""
        line = f"{one.file}:{one.line}" if one.file and one.line else ""
        yield f"{'➤' if one.failed else ' '} {one.address} {one.text + target:<40} {line}".rstrip()


def _registers(registers: dict[str, str | None]) -> Iterator[str]:
    cells = [f"{name:>6} {value or 'unavailable'}" for name, value in registers.items()]
    width = max(map(len, cells))
    for start in range(0, len(cells), _REGISTER_COLUMNS):
        yield "".join(f"{cell:<{width}}" for cell in cells[start : start + _REGISTER_COLUMNS]).rstrip()


def _facts(report: model.Report) -> Iterator[str]:
    verdicts = {
        True: "",
        False: ", **the ELF file does not match**",
        None: ", whether the ELF file matches is unknown",
    }
    build_id = _code(report.firmware.build_id) if report.firmware.build_id else "unknown"
    yield f"build id {build_id}{verdicts[report.firmware.matches] if report.symbolized else ', no symbols'}"
    yield f"target {_text(report.dump.architecture)}, {8 * report.dump.pointer_size} bits"
    cut = ", cut short" if report.dump.truncated else ""
    yield f"dump of {report.dump.size} bytes with {report.dump.memory_size} bytes of memory{cut}"
    yield f"fingerprint {_code(report.fingerprint)}, grouped by {_code(report.grouped_by)}"
