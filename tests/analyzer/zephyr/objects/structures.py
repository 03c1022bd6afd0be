"""Kernel objects in made-up memory, with the member offsets of a small 32-bit kernel."""

import struct

from analyzer.dump.memory import Memory, MemoryImage
from analyzer.dump.sparse import SparseBytes
from analyzer.symbols.interface import Field
from analyzer.zephyr.objects.members import Members

BASE = 0x20000000
WORD = 4
FIELDS: dict[tuple[str, str], Field] = {
    ("k_mutex", "owner"): Field(8, 4),
    ("k_mutex", "lock_count"): Field(12, 4),
    ("k_sem", "count"): Field(8, 4),
    ("k_sem", "limit"): Field(12, 4),
    ("k_msgq", "msg_size"): Field(8, 4),
    ("k_msgq", "max_msgs"): Field(12, 4),
    ("k_msgq", "used_msgs"): Field(16, 4),
    ("k_timer", "timeout"): Field(0, 16),
    ("k_timer", "expiry_fn"): Field(16, 4),
    ("k_timer", "period.ticks"): Field(20, 4),
    ("k_timer", "status"): Field(24, 4),
    ("_timeout", "dticks"): Field(12, 4),
    ("k_work_q", "pending.head"): Field(0, 4),
    ("k_work_q", "flags"): Field(8, 4),
    ("k_work", "node"): Field(0, 4),
    ("k_work", "handler"): Field(4, 4),
    ("k_mem_slab", "num_blocks"): Field(8, 4),
    ("k_mem_slab", "block_size"): Field(12, 4),
    ("k_mem_slab", "buffer"): Field(16, 4),
    ("k_mem_slab", "free_list"): Field(20, 4),
    ("k_mem_slab", "num_used"): Field(24, 4),
    ("sys_heap", "heap"): Field(0, 4),
    ("z_heap", "end_chunk"): Field(8, 4),
}


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *(value & 0xFFFFFFFF for value in values))


def memory(*blocks: tuple[int, bytes]) -> Memory:
    image = MemoryImage()
    for address, content in blocks:
        image.add(address, SparseBytes(content))
    return Memory(image)


def members(structure: str, *blocks: tuple[int, bytes], address: int = BASE) -> Members:
    """A structure in memory; the first block is where it lies unless `address` says otherwise."""
    return Members(structure, address, memory(*blocks), lambda name, path: FIELDS.get((name, path)), WORD)
