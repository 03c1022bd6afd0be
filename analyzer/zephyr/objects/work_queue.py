"""`struct k_work_q` and the work items on it (Zephyr's `include/zephyr/kernel.h`)."""

from analyzer.zephyr.objects.members import Members
from analyzer.zephyr.objects.model import State

MAX_ITEMS = 256
_BUSY, _DRAIN, _PLUGGED = 1 << 1, 1 << 2, 1 << 3


def pending(queue: Members) -> tuple[list[int], str | None]:
    """Addresses of the handlers of the items that wait, first in line first, and what is wrong with the list."""
    handlers: list[int] = []
    seen: set[int] = set()
    node = queue.unsigned("pending.head")
    offset = queue.at("k_work", 0).offset("node") or 0
    while node:
        if node in seen:
            return handlers, f"its list of work runs in a circle at {node:#x}"
        if len(seen) >= MAX_ITEMS:
            return handlers, f"it has more than {MAX_ITEMS} items of work"
        seen.add(node)
        handler = queue.at("k_work", node - offset).unsigned("handler")
        following = queue.pointer(node)
        if handler is None or following is None:
            return handlers, f"its list of work leads out of the dumped memory at {node:#x}"
        handlers.append(handler)
        # The lowest bits of a flagged list's links are flags (Zephyr's `include/zephyr/sys/sflist.h`).
        node = following & ~3
    return handlers, None


def read(queue: Members) -> State | None:
    """Whether it works, and what waits to be worked on."""
    flags, head = queue.unsigned("flags"), queue.unsigned("pending.head")
    if head is None:
        return None
    handlers, problem = pending(queue)
    doing = "busy" if flags is not None and flags & _BUSY else "idle"
    doing += ", draining" if flags is not None and flags & _DRAIN else ""
    doing += ", plugged" if flags is not None and flags & _PLUGGED else ""
    facts: dict[str, int] = {"pending": len(handlers)}
    items = f"{len(handlers)} item{'' if len(handlers) == 1 else 's'} pending"
    text = f"{doing}, {items}" if flags is not None else items
    return State(text, facts, {"pending": tuple(handlers)}, problem=problem)
