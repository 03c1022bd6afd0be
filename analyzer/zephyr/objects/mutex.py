"""`struct k_mutex` (Zephyr's `include/zephyr/kernel.h`)."""

from analyzer.zephyr.objects.members import Members
from analyzer.zephyr.objects.model import State


def read(mutex: Members) -> State | None:
    """Who holds it, and how often."""
    owner, count = mutex.unsigned("owner"), mutex.unsigned("lock_count")
    if owner is None or count is None:
        return None
    if not owner:
        return State("free", {"lock_count": count})
    times = "" if count == 1 else f" {count} times"
    return State(f"locked{times}", {"lock_count": count}, owner=owner)
