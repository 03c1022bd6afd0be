"""Runs inside gdb: for each address of the file named by ADDRESSES, the line, the file and the functions around it."""

import json
import os
from pathlib import Path

import gdb


def functions(address: int) -> list[str]:
    block = gdb.block_for_pc(address)
    names: list[str] = []
    while block is not None and not block.is_global and not block.is_static:
        if block.function is not None:
            names.append(block.function.name)
        block = block.superblock
    return names


def describe(address: int) -> list[object]:
    where = gdb.find_pc_line(address)
    return [address, functions(address), where.symtab.filename if where.symtab else None, where.line or None]


path = Path(os.environ["ADDRESSES"])
path.write_text(json.dumps([describe(address) for address in json.loads(path.read_text())]))
