"""Run inside gdb: stops at `stop_here`, and writes what the calling frame is made of and what gdb makes of it."""

import json
import os
import pathlib

import gdb  # type: ignore[import-not-found]

gdb.execute("set confirm off")
gdb.execute("set print frame-arguments all")
gdb.execute("set startup-with-shell off")
gdb.execute("break stop_here")
gdb.execute("run")
gdb.execute("up")
frame = gdb.selected_frame()
names = ["rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", *(f"r{n}" for n in range(8, 16))]
kept = {"rbx", "rbp", "rsp", "r12", "r13", "r14", "r15"}
registers = {
    number: int(frame.read_register(name)) & (1 << 64) - 1 for number, name in enumerate(names) if name in kept
}
memory = []
inferior = gdb.selected_inferior()
for line in gdb.execute("info proc mappings", to_string=True).splitlines():
    words = line.split()
    if len(words) > 4 and words[0].startswith("0x") and ("[stack]" in words[-1] or os.environ["PROGRAM"] in words[-1]):
        start, end = int(words[0], 16), int(words[1], 16)
        memory.append((start, bytes(inferior.read_memory(start, end - start)).hex()))
values = {}
block = frame.block()
while block is not None and not block.is_global and not block.is_static:
    for symbol in block:
        if symbol.is_variable or symbol.is_argument:
            try:
                values[symbol.name] = str(symbol.value(frame).type), symbol.value(frame).format_string()
            except gdb.error:
                values[symbol.name] = "?", "<error>"
    if block.function is not None:
        break
    block = block.superblock
answer = {"pc": int(frame.pc()), "registers": registers, "memory": memory, "values": values}
pathlib.Path(os.environ["ANSWER"]).write_text(json.dumps(answer), encoding="utf-8")
gdb.execute("kill")
