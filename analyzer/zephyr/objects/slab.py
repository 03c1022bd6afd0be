"""`struct k_mem_slab` (Zephyr's `include/zephyr/kernel.h`)."""

from analyzer.zephyr.objects.members import Members
from analyzer.zephyr.objects.model import State


def _either(slab: Members, name: str) -> int | None:
    """A member that newer kernels keep in `info`."""
    found = slab.unsigned(f"info.{name}")
    return slab.unsigned(name) if found is None else found


def read(slab: Members) -> State | None:
    """How many blocks are taken; the free ones are counted along their list."""
    blocks, size, used = _either(slab, "num_blocks"), _either(slab, "block_size"), _either(slab, "num_used")
    if blocks is None or size is None or used is None:
        return None
    facts: dict[str, int] = {"blocks": blocks, "used": used, "block_size": size}
    peak = _either(slab, "max_used")
    if peak is not None:
        facts["peak"] = peak
    text = f"{used} of {blocks} blocks of {size} bytes" + (", exhausted" if used == blocks else "")
    return State(text, facts, problem=_problem(slab, blocks, size, used))


def _problem(slab: Members, blocks: int, size: int, used: int) -> str | None:
    """What is wrong with the list of free blocks."""
    buffer, node = slab.unsigned("buffer"), slab.unsigned("free_list")
    if used > blocks:
        return f"{used} blocks are taken of {blocks}"
    if buffer is None or node is None or not size:
        return None
    free = 0
    while node:
        if not buffer <= node < buffer + blocks * size or (node - buffer) % size:
            return f"its list of free blocks leads to {node:#x}, which is no block"
        free += 1
        if free > blocks:
            return "its list of free blocks runs in a circle"
        node = slab.pointer(node)
        if node is None:
            return None
    return f"{free} blocks are free and {used} taken, of {blocks}" if free + used != blocks else None
