"""The report on a terminal: what happened first, then the crashed thread in full, then the others in brief."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from analyzer.dump.caveat import MISMATCH
from analyzer.report import model
from analyzer.report.recursion import folded

REGISTER_COLUMNS = 4
BAR_WIDTH = 8
_INDENT = (0, 0, 0, 2)
_TRUST_STYLES = {
    "context": "green",
    "cfi": "green",
    "exception": "green",
    "window": "green",
    "exidx": "yellow",
    "frame-pointer": "yellow",
    "scan": "red",
}

_CONTAINERS = {
    "text": " from a log",
    "flash": " from a flash partition",
    "memory": " from a buffer in memory",
    "embedded": " from among other data",
}
"""How a dump came, where it did not come as it is."""


def print_report(report: model.Report, console: Console) -> None:
    """Print a report; everything that came from a device is shown without control characters."""
    console.print(_headline(report))
    for warning in report.warnings:
        console.print(_warning(warning))
    for circle in report.deadlocks:
        console.print(_deadlock(circle))
    crashed = report.crashed_thread()
    if crashed is not None:
        console.print()
        console.print(_thread_line(crashed))
        if report.fault.disassembly:
            console.print(Padding(_disassembly(report.fault.disassembly), (0, 0, 1, 2)))
        console.print(Padding(_frames(crashed, variables=True), _INDENT))
        if crashed.registers:
            console.print(Padding(_registers(crashed), (1, 0, 0, 2)))
    others = [thread for thread in report.threads if not thread.crashed]
    for thread in others:
        console.print()
        console.print(_thread_line(thread))
        console.print(Padding(_frames(thread, variables=False), _INDENT))
    if report.objects:
        console.print()
        console.print(_objects(report.objects))
    console.print()
    console.print(_facts(report))


def _safe(text: str | None) -> str:
    """Without anything that a terminal would obey."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text or "")


def _headline(report: model.Report) -> RenderableType:
    fault = report.fault
    lines = [Text(_safe(fault.title), style="bold red"), Text(), Text(_safe(fault.explanation))]
    lines += [Text(_safe(line), style="dim") for line in fault.evidence]
    return Panel(Group(*lines), border_style="red", padding=(0, 2))


def _warning(warning: model.Warning) -> RenderableType:
    loud = warning.code == MISMATCH
    sign, style = ("✗", "bold red") if loud else ("!", "yellow")
    return Text.assemble((f"{sign} {warning.code}: ", style), (_safe(warning.text), style if loud else ""))


def _deadlock(circle: Sequence[model.DeadlockStep]) -> RenderableType:
    steps = [f"{_safe(step.thread)} waits for {_safe(step.mutex)}, held by {_safe(step.held_by)}" for step in circle]
    return Text.assemble(("✗ deadlock: ", "bold red"), "; ".join(steps))


def _objects(objects: Sequence[model.KernelObject]) -> RenderableType:
    """What is in trouble or waited for; the rest is counted."""
    table = Table.grid(padding=(0, 2))
    shown = [one for one in objects if one.problem or one.owner or one.waiting]
    for one in shown:
        state = Text(one.state)
        if one.owner:
            state.append(f" by {_safe(one.owner)}")
        if one.waiting:
            names = ", ".join(map(_safe, one.waiting))
            state.append(f"{' · ' if state else ''}awaited by {names}", "dim")
        if one.problem:
            state.stylize("bold red")
        table.add_row(Text(one.kind, style="dim"), Text(_safe(one.name), style="bold"), state)
    rest = len(objects) - len(shown)
    more = Text(f"{rest} {'more ' if shown else ''}kernel objects in the JSON report", style="dim")
    return Group(table, more) if shown and rest else table if shown else more


def _thread_line(thread: model.Thread) -> RenderableType:
    line = Text.assemble(
        ("● " if thread.crashed else "○ ", "red" if thread.crashed else "dim"),
        (_safe(thread.called), "bold red" if thread.crashed else "bold cyan"),
    )
    facts = ["crashed"] if thread.crashed else []
    if thread.entry and thread.address and not thread.name:
        # Several threads may run the same function.
        facts.append(f"at {thread.address}")
    if thread.state != "unknown":
        facts.append(thread.state)
    if thread.waits_for:
        held = f", held by {_safe(thread.waits_owner)}" if thread.waits_owner else ""
        facts.append(f"waits for {_safe(thread.waits_kind)} {_safe(thread.waits_for)}".replace("  ", " ") + held)
    if thread.wakes_in is not None:
        facts.append(f"wakes in {thread.wakes_in} ticks")
    if thread.interrupt is not None:
        facts.append("in an interrupt" if thread.interrupt < 0 else f"in exception {thread.interrupt}")
    if thread.priority is not None:
        facts.append(f"priority {thread.priority}")
    line.append("  " + " · ".join(facts), "dim")
    if thread.stack is not None:
        line.append("  ")
        line.append_text(_stack(thread.stack))
    return line


def _stack(stack: model.Stack) -> Text:
    """A bar of what is used now and what was used at most."""
    if stack.overflow:
        return Text(f"stack overflowed its {stack.size} bytes", style="bold red")
    peak = max(stack.peak or 0, stack.used or 0)
    if not peak:
        return Text(f"stack {stack.size} bytes", style="dim")
    used_cells, peak_cells = (round(BAR_WIDTH * amount / stack.size) for amount in (stack.used or 0, peak))
    style = "red" if peak > 0.9 * stack.size else "yellow" if peak > 0.75 * stack.size else "green"
    return Text.assemble(
        ("stack ", "dim"),
        ("█" * used_cells, style),
        ("▒" * (peak_cells - used_cells), style),
        ("·" * (BAR_WIDTH - peak_cells), "dim"),
        (f" {100 * peak // stack.size}% of {stack.size}", "dim"),
    )


def _frames(thread: model.Thread, *, variables: bool) -> RenderableType:
    lines = list(_frame_lines(thread.frames, variables=variables))
    if not thread.complete and thread.unwound:
        lines.append(Text(f"    ⋯ {_safe(thread.unwound)}", style="dim yellow"))
    return Group(*lines)


def _frame_lines(frames: Sequence[model.Frame], *, variables: bool) -> Iterator[RenderableType]:
    for number, frame in folded(frames):
        if frame is None:
            yield Text(f"    ⋯ {number} more of the same", style="dim")
            continue
        yield _frame_line(number, frame)
        if variables and frame.locals:
            yield Padding(_locals(frame.locals), (0, 0, 0, 7))


def _frame_line(number: int, frame: model.Frame) -> Text:
    line = Text(no_wrap=False)
    line.append(f"{number:>3} ", "dim")
    line.append("↳" if frame.inlined else "•", _TRUST_STYLES.get(frame.trust, "red"))
    line.append(f" {_safe(frame.function) or '??'}", "bold" if frame.function else "bold red")
    if frame.file:
        line.append(f"  {_safe(frame.file)}", "cyan")
        if frame.line:
            line.append(f":{frame.line}", "bright_cyan")
    notes = ["inlined"] if frame.inlined else [frame.pc]
    if frame.trust in ("scan", "exception", "exidx", "frame-pointer"):
        notes.append(frame.trust)
    line.append(f"  {' · '.join(notes)}", "dim" if frame.trust != "scan" else "red")
    return line


def _locals(variables: Sequence[model.Local]) -> RenderableType:
    """Names and values in columns, so that a long value stays beside its name."""
    table = Table.grid()
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for variable in variables:
        unknown = variable.value.startswith("<") and variable.value.endswith(">")
        name = Text(_safe(variable.name), style="green" if variable.parameter else "")
        value = Text.assemble(
            (" = ", "dim"),
            (_safe(variable.value), "dim italic" if unknown else ""),
            (f"  {_safe(variable.type)}", "dim"),
        )
        table.add_row(name, value)
    return table


def _disassembly(instructions: Sequence[model.Instruction]) -> RenderableType:
    """The code with the lines of the source that it belongs to, and an arrow at what failed."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    place = None
    for one in instructions:
        style = "bold red" if one.failed else ""
        where = None if one.file is None else (one.file, one.line)
        source = ""
        if where is not None and where != place:
            source = f"{PurePosixPath(_safe(one.file)).name}:{one.line}" if one.line else _safe(one.file)
        place = where
        text = Text(_safe(one.text), style=style)
        if one.target:
            text.append(f"  <{_safe(one.target)}>", "dim")
        arrow = Text("➤" if one.failed else "", style="bold red")
        table.add_row(arrow, Text(one.address, style=style or "dim"), text, Text(source, style="cyan"))
    return table


def _registers(thread: model.Thread) -> RenderableType:
    table = Table.grid(padding=(0, 3))
    cells = [
        Text.assemble((f"{name:>4} ", "dim"), (value or "unavailable", "" if value else "dim italic"))
        for name, value in thread.registers.items()
    ]
    for start in range(0, len(cells), REGISTER_COLUMNS):
        table.add_row(*cells[start : start + REGISTER_COLUMNS])
    return table


def _facts(report: model.Report) -> RenderableType:
    dump, firmware = report.dump, report.firmware
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right")
    cut = ", cut short" if dump.truncated else ""
    version = "" if dump.version is None else f", version {dump.version}"
    came = _CONTAINERS.get(dump.container, "")
    table.add_row("dump", f"{dump.size} bytes{came}{version}{cut}; {dump.memory_size} bytes of memory")
    table.add_row("target", f"{dump.architecture}, {8 * dump.pointer_size} bits")
    verdicts = {True: "matches", False: "does not match", None: "cannot be told to match"}
    styles = {True: "green", False: "red", None: "yellow"}
    symbols = verdicts[firmware.matches] if report.symbolized else "no symbols"
    build_id = firmware.build_id or "unknown"
    style = styles[firmware.matches if report.symbolized else None]
    table.add_row("build id", Text.assemble(build_id, (f"  {symbols}", style)))
    table.add_row("kind", _safe(report.fault.kind))
    table.add_row("fingerprint", report.fingerprint)
    table.add_row("grouped by", Text(_safe(report.grouped_by)))
    return table
