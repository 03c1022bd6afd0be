"""Runs inside gdb: writes what gdb says about every thread of the current target as JSON.

    gdb-multiarch -nx -batch firmware.elf -ex "target remote | ..." -x gdb_answer.py

The path of the result is in the environment variable GDB_ANSWER. Everything comes from gdb's Python API.
"""

import json
import os

import gdb  # pyright: ignore[reportMissingImports]

# The first function of every thread: what a debugger finds below it is made up.
ENTRY_FUNCTIONS = {"z_thread_entry", "z_arm_reset"}
REGISTERS = [*(f"r{n}" for n in range(13)), "sp", "lr", "pc", "xpsr"]
MAX_FRAMES = 64
MAX_ELEMENTS = 64

KINDS = {
    gdb.NORMAL_FRAME: "normal",
    gdb.INLINE_FRAME: "inline",
    gdb.TAILCALL_FRAME: "tail-call",
    gdb.SIGTRAMP_FRAME: "exception",
}


def scalar(value, kind):
    if kind == gdb.TYPE_CODE_PTR:
        # Where the object it pointed at has been optimized away, gdb's number would be a made-up zero.
        made_up = "synthetic pointer" in value.format_string(symbols=False)
        return "<synthetic pointer>" if made_up else f"0x{int(value):08x}"
    if kind == gdb.TYPE_CODE_BOOL:
        return "true" if bool(value) else "false"
    if kind == gdb.TYPE_CODE_ENUM:
        names = {field.enumval: field.name for field in value.type.strip_typedefs().fields()}
        return names.get(int(value), str(int(value)))
    if kind in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR):
        return str(int(value))
    return value.format_string()


def array(value, element):
    low, high = value.type.strip_typedefs().range()
    if element.name == "char" or str(element.unqualified()) == "char":
        characters = [int(value[i]) & 255 for i in range(low, high + 1)]
        text = bytes(characters).split(b"\0")[0]
        return text.decode("latin-1")
    shown = [plain(value[i]) for i in range(low, min(high + 1, low + MAX_ELEMENTS))]
    return shown + ["..."] if high - low >= MAX_ELEMENTS else shown


def plain(value):
    """Strings for what is simple, objects for structures, lists for arrays."""
    try:
        shape = value.type.strip_typedefs()
        if shape.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            return {f.name or f"<anonymous {i}>": plain(value[f]) for i, f in enumerate(shape.fields())}
        if shape.code == gdb.TYPE_CODE_ARRAY:
            return array(value, shape.target())
        if value.is_optimized_out:
            return "<optimized out>"
        return scalar(value, shape.code)
    except gdb.MemoryError:
        return "<not in dump>"
    except gdb.error as error:
        known = {"value has been optimized out": "<optimized out>", "value is not available": "<unavailable>"}
        return known.get(str(error), f"<error: {error}>")


def text_at(value):
    """What a pointer to characters points at, or None."""
    shape = value.type.strip_typedefs()
    if shape.code != gdb.TYPE_CODE_PTR or str(shape.target().unqualified()) != "char":
        return None
    try:
        return value.string("latin-1", length=-1)
    except (gdb.MemoryError, gdb.error):
        return None


def variables(frame):
    """Arguments, then locals from the outermost block inwards, each in the order of its declaration."""
    try:
        block = frame.block()
    except RuntimeError:  # no debug information here
        return []
    blocks = [block]
    while block.function is None and block.superblock is not None:
        block = block.superblock
        blocks.insert(0, block)
    symbols = [s for b in blocks for s in b if s.is_argument or s.is_variable]
    found = []
    for symbol in sorted(symbols, key=lambda s: not s.is_argument):
        if symbol.addr_class == gdb.SYMBOL_LOC_UNRESOLVED:
            continue  # declared here, defined elsewhere
        try:
            value = symbol.value(frame)
        except gdb.error as error:
            entry = {"name": symbol.name, "type": str(symbol.type), "value": f"<error: {error}>"}
        else:
            entry = {"name": symbol.name, "type": str(symbol.type), "value": plain(value)}
            text = text_at(value) if not value.is_optimized_out else None
            if text is not None:
                entry["text"] = text
        entry["argument"] = symbol.is_argument
        entry["declared"] = symbol.line
        if symbol.addr_class == gdb.SYMBOL_LOC_STATIC:
            entry["static"] = True
        found.append(entry)
    return found


def register(frame, name):
    """Hexadecimal, or None for one that is not known."""
    try:
        return f"0x{int(frame.read_register(name)) & 0xFFFFFFFF:08x}"
    except gdb.error:
        return None


def describe(frame):
    where = frame.find_sal()
    kind = KINDS.get(frame.type(), "other")
    return {
        "pc": f"0x{frame.pc():08x}",
        "sp": register(frame, "sp"),
        "function": frame.name(),
        "file": where.symtab.filename if where.symtab else None,
        "line": where.line or None,
        "inlined": kind == "inline",
        "kind": kind,
        "locals": variables(frame),
    }


def backtrace():
    """Frames innermost first, and why there are no more."""
    frames = []
    frame = gdb.newest_frame()
    while len(frames) < MAX_FRAMES:
        frames.append(describe(frame))
        if frames[-1]["function"] in ENTRY_FUNCTIONS and frames[-1]["kind"] == "normal":
            return frames, "thread entry"
        try:
            older = frame.older()
        except (gdb.error, gdb.MemoryError) as error:
            return frames, f"gdb gave up: {error}"
        if older is None:
            return frames, gdb.frame_stop_reason_string(frame.unwind_stop_reason())
        if older.type() == gdb.SIGTRAMP_FRAME:
            return frames, (
                "exception entry: the interrupted thread's stack pointer is not part of the dump, "
                "so what gdb would show below is a guess"
            )
        frame = older
    return frames, f"more than {MAX_FRAMES} frames"


def main():
    threads = []
    for number, thread in enumerate(sorted(gdb.selected_inferior().threads(), key=lambda t: t.num)):
        thread.switch()
        frames, stopped = backtrace()
        threads.append(
            {
                "name": thread.name,
                "crashed": number == 0,
                "registers": {name: register(gdb.newest_frame(), name) for name in REGISTERS},
                "frames": frames,
                "stopped": stopped,
            }
        )
    with open(os.environ["GDB_ANSWER"], "w") as out:
        json.dump({"gdb": gdb.VERSION, "threads": threads}, out)


main()
