"""`struct k_sem` (Zephyr's `include/zephyr/kernel.h`)."""

from analyzer.zephyr.objects.members import Members
from analyzer.zephyr.objects.model import State


def read(semaphore: Members) -> State | None:
    """How many can be taken."""
    count, limit = semaphore.unsigned("count"), semaphore.unsigned("limit")
    if count is None:
        return None
    if limit is None:
        return State(f"count {count}", {"count": count})
    problem = f"its count {count} is above its limit {limit}" if count > limit else None
    return State(f"count {count} of {limit}", {"count": count, "limit": limit}, problem=problem)
