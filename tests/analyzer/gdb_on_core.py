"""Runs inside gdb, on an exported core: writes every thread's frames and variables to the file GDB_ANSWER names.

What is asked of a frame is what the golden answers hold: see examples/firmware/gdb_answer.py.
"""

import json
import os
import sys
from pathlib import Path

import gdb

sys.path.append(os.environ["GDB_QUESTIONS"])

import gdb_answer


def registers() -> dict[str, str]:
    """General registers of the innermost frame, by gdb's names, in hexadecimal."""
    frame = gdb.newest_frame()
    found = {}
    for each in frame.architecture().registers("general"):
        value = frame.read_register(each.name)
        if value.type.strip_typedefs().code in (gdb.TYPE_CODE_INT, gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_FLAGS):
            found[each.name] = hex(int(value) & ((1 << 8 * value.type.sizeof) - 1))
    return found


threads = []
for thread in sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.num):
    thread.switch()
    frames, stopped = gdb_answer.backtrace()
    threads.append({"number": thread.ptid[1], "registers": registers(), "frames": frames, "stopped": stopped})
Path(os.environ["GDB_ANSWER"]).write_text(json.dumps(threads))
