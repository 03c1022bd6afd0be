"""Runs inside gdb: writes what gdb says about every thread of the current target as JSON.

    gdb-multiarch -nx -batch firmware.elf -ex "target remote | ..." -x gdb_answer.py

The path of the result is in the environment variable GDB_ANSWER. Everything comes from gdb's Python API, nothing from
its printed text. A thread's id is the address of its `k_thread`, as remote.py serves it. A core has no such ids: there
GDB_THREADS says which name and address each thread has: `{"1": ["main", 536871104]}`.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import gdb

# The first function of every thread: what a debugger finds below it is made up.
ENTRY_FUNCTION = "z_thread_entry"
# On a Cortex-M, what the link register holds in an exception that interrupted another one (Armv7-M ARM, B1.5.8).
EXC_RETURN_TO_HANDLER = 0xFFFFFFF1
MAX_FRAMES = 64
MAX_ELEMENTS = 64

KINDS = {
    gdb.NORMAL_FRAME: "normal",
    gdb.INLINE_FRAME: "inline",
    gdb.TAILCALL_FRAME: "tail-call",
    gdb.SIGTRAMP_FRAME: "exception",
}
NUMBERS = (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_FLAGS)
UNKNOWN = {"value has been optimized out": "<optimized out>", "value is not available": "<unavailable>"}

Plain = str | dict[str, "Plain"] | list["Plain"]


def type_of_c(name: str) -> gdb.Type:
    """A type by its name, also in a frame of another language."""
    gdb.execute("set language c")
    try:
        return gdb.lookup_type(name)
    finally:
        gdb.execute("set language auto")


@cache
def pointer_bits() -> int:
    return 8 * type_of_c("void").pointer().sizeof


def hexadecimal(number: int) -> str:
    """As wide as a pointer of the target."""
    bits = pointer_bits()
    return f"0x{number & ((1 << bits) - 1):0{bits // 4}x}"


def scalar(value: gdb.Value, shape: gdb.Type) -> str:
    """Numbers in decimal, pointers in hexadecimal, enumerators by name where they have one."""
    if shape.code == gdb.TYPE_CODE_PTR:
        # Where the object it pointed at has been optimized away, gdb's number would be a made-up zero.
        made_up = "synthetic pointer" in value.format_string(symbols=False)
        return "<synthetic pointer>" if made_up else hexadecimal(int(value))
    if shape.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        return hexadecimal(int(value.referenced_value().address))
    if shape.code == gdb.TYPE_CODE_BOOL:
        return "true" if bool(value) else "false"
    if shape.code == gdb.TYPE_CODE_ENUM:
        names = {field.enumval: field.name for field in shape.fields()}
        return names.get(int(value)) or str(int(value))
    if shape.code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_CHAR):
        return str(int(value))
    return value.format_string()


def array(value: gdb.Value, shape: gdb.Type) -> Plain:
    """Text up to the first NUL for an array of `char`, else a list of at most MAX_ELEMENTS."""
    low, high = shape.range()
    if str(shape.target().unqualified()) == "char":
        return bytes(int(value[i]) & 255 for i in range(low, high + 1)).split(b"\0")[0].decode("latin-1")
    shown = [plain(value[i]) for i in range(low, min(high + 1, low + MAX_ELEMENTS))]
    return [*shown, "..."] if high - low >= MAX_ELEMENTS else shown


def slice_of_rust(value: gdb.Value, shape: gdb.Type) -> Plain:
    """Text for `&str`, else a list of at most MAX_ELEMENTS."""
    start, length = value["data_ptr"], int(value["length"])
    if shape.name == "&str":
        return bytes(int(start[i]) for i in range(length)).decode()
    shown = [plain(start[i]) for i in range(min(length, MAX_ELEMENTS))]
    return [*shown, "..."] if length > MAX_ELEMENTS else shown


def plain(value: gdb.Value) -> Plain:
    """Strings for what is simple, objects for structures, lists for arrays."""
    try:
        shape = value.type.strip_typedefs()
        names = [field.name for field in shape.fields()] if shape.code == gdb.TYPE_CODE_STRUCT else []
        if names == ["data_ptr", "length"]:
            return slice_of_rust(value, shape)
        if len(names) == 2 and names[0] is None and shape.fields()[0].artificial:
            # What tells the variants of an enumeration apart, then the variant that it is.
            return {f"variant {names[1]}": plain(value[shape.fields()[1]])}
        if shape.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            return {field.name or f"<anonymous {i}>": plain(value[field]) for i, field in enumerate(shape.fields())}
        if shape.code == gdb.TYPE_CODE_ARRAY:
            return array(value, shape)
        return "<optimized out>" if value.is_optimized_out else scalar(value, shape)
    except gdb.MemoryError:
        return "<not in dump>"
    except gdb.error as error:
        return UNKNOWN.get(str(error), f"<error: {error}>")


def text_at(value: gdb.Value) -> str | None:
    """What a pointer to characters points at; None for anything else and where it cannot be read."""
    shape = value.type.strip_typedefs()
    if shape.code != gdb.TYPE_CODE_PTR or str(shape.target().unqualified()) != "char":
        return None
    try:
        # Whether it is there can be as impossible to tell as its value: in a register that gdb does not have.
        return None if value.is_optimized_out else value.string("latin-1", length=-1)
    except gdb.error:
        return None


def variable(symbol: gdb.Symbol, frame: gdb.Frame) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": symbol.name, "type": str(symbol.type)}
    try:
        value = symbol.value(frame)
    except gdb.error as error:
        entry["value"] = f"<error: {error}>"
    else:
        entry["value"] = plain(value)
        text = text_at(value)
        if text is not None:
            entry["text"] = text
    entry["argument"] = symbol.is_argument
    entry["declared"] = symbol.line
    if symbol.addr_class == gdb.SYMBOL_LOC_STATIC:
        entry["static"] = True
    return entry


def variables(frame: gdb.Frame) -> list[dict[str, Any]]:
    """Arguments, then locals from the outermost block inwards, each in the order of its declaration."""
    try:
        block = frame.block()
    except RuntimeError:  # no debug information here
        return []
    blocks = [block]
    while block.function is None and block.superblock is not None:
        block = block.superblock
        blocks.insert(0, block)
    symbols = [one for each in blocks for one in each if one.is_argument or one.is_variable or one.is_constant]
    defined = [symbol for symbol in symbols if symbol.addr_class != gdb.SYMBOL_LOC_UNRESOLVED]
    return [variable(symbol, frame) for symbol in sorted(defined, key=lambda symbol: not symbol.is_argument)]


def register(frame: gdb.Frame, name: str) -> str | None:
    """Hexadecimal, or None for one that is not known."""
    try:
        return hexadecimal(int(frame.read_register(name)))
    except gdb.error:
        return None


def registers() -> dict[str, str | None]:
    """The general registers of the selected thread that are numbers, by gdb's names."""
    frame = gdb.newest_frame()
    names = [each.name for each in frame.architecture().registers("general")]
    return {
        name: register(frame, name) for name in names if frame.read_register(name).type.strip_typedefs().code in NUMBERS
    }


def describe(frame: gdb.Frame) -> dict[str, Any]:
    where = frame.find_sal()
    kind = KINDS.get(frame.type(), "other")
    return {
        "pc": hexadecimal(frame.pc()),
        "sp": register(frame, "sp"),
        "function": frame.name(),
        "file": os.path.normpath(where.symtab.filename) if where.symtab else None,
        "line": where.line or None,
        "inlined": kind == "inline",
        "kind": kind,
        "locals": variables(frame),
    }


def backtrace() -> tuple[list[dict[str, Any]], str]:
    """Frames innermost first, and why there are no more."""
    frames: list[dict[str, Any]] = []
    frame = gdb.newest_frame()
    while len(frames) < MAX_FRAMES:
        frames.append(describe(frame))
        if frames[-1]["function"] == ENTRY_FUNCTION and frames[-1]["kind"] == "normal":
            return frames, "thread entry"
        try:
            older = frame.older()
        except gdb.error as error:
            return frames, f"gdb gave up: {error}"
        if older is None:
            return frames, gdb.frame_stop_reason_string(frame.unwind_stop_reason())
        if older.type() == gdb.SIGTRAMP_FRAME and older.pc() == EXC_RETURN_TO_HANDLER:
            older = older.older()  # an interrupt was interrupted: both use the same stack
        # One with a name has call frame information, which tells what is below.
        elif older.type() == gdb.SIGTRAMP_FRAME and older.name() is None:
            return frames, (
                "exception entry: the interrupted thread's stack pointer is not part of the dump, "
                "so what gdb would show below is a guess"
            )
        frame = older
    return frames, f"more than {MAX_FRAMES} frames"


def kernel_view(address: int) -> dict[str, str | int]:
    """What the kernel's own structure says about a thread; nothing where that is not Zephyr's or not in the dump."""
    try:
        return _kernel_view(address)
    except gdb.error:
        return {}


def _kernel_view(address: int) -> dict[str, str | int]:
    thread = gdb.Value(address).cast(type_of_c("struct k_thread").pointer()).dereference()
    base, stack = thread["base"], thread["stack_info"]
    return {
        "address": hexadecimal(address),
        "state_bits": int(base["thread_state"]),
        "priority": int(base["prio"]),
        "options": int(base["user_options"]),
        "pended_on": hexadecimal(int(base["pended_on"])),
        "entry": hexadecimal(int(thread["entry"]["pEntry"])),
        "stack_start": hexadecimal(int(stack["start"])),
        "stack_size": int(stack["size"]),
    }


def answer() -> list[dict[str, Any]]:
    given: dict[str, tuple[str, int]] = json.loads(os.environ.get("GDB_THREADS", "{}"))
    threads: list[dict[str, Any]] = []
    for thread in sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.num):
        thread.switch()
        name, address = given.get(str(thread.num), (thread.name, thread.ptid[1]))
        frames, stopped = backtrace()
        threads.append(
            {
                "name": name,
                "crashed": not threads,
                **kernel_view(address),
                "registers": registers(),
                "frames": frames,
                "stopped": stopped,
            }
        )
    return threads


if __name__ == "__main__":
    Path(os.environ["GDB_ANSWER"]).write_text(json.dumps(answer()))
