"""`struct k_msgq` (Zephyr's `include/zephyr/kernel.h`)."""

from analyzer.zephyr.objects.members import Members
from analyzer.zephyr.objects.model import State


def read(queue: Members) -> State | None:
    """How full it is."""
    used, capacity = queue.unsigned("used_msgs"), queue.unsigned("max_msgs")
    if used is None or capacity is None:
        return None
    facts: dict[str, int] = {"used": used, "capacity": capacity}
    size = queue.unsigned("msg_size")
    each = ""
    if size is not None:
        facts["message_size"] = size
        each = f" of {size} bytes"
    full = ", full" if used == capacity else ""
    problem = f"it holds {used} messages and has room for {capacity}" if used > capacity else None
    return State(f"{used} of {capacity} messages{each}{full}", facts, problem=problem)
