"""`struct k_timer` (Zephyr's `include/zephyr/kernel.h`), and the kernel's list of timeouts (`kernel/timeout.c`)."""

from analyzer.dump.memory import Memory
from analyzer.symbols.interface import Field
from analyzer.zephyr.objects.members import Members
from analyzer.zephyr.objects.model import State
from analyzer.zephyr.packed import WORDS, PackedMembers

MAX_TIMEOUTS = 4096


def timeout_members(dticks: Field | None, pointer_size: int) -> PackedMembers:
    """Of a `struct _timeout`: its link in the list, and the ticks from the timeout before it."""
    ticks = None if dticks is None or dticks.size not in WORDS else (dticks.offset, WORDS[dticks.size].lower())
    return PackedMembers(((0, WORDS[pointer_size]), ticks))


def remaining_ticks(list_address: int, members: PackedMembers, memory: Memory) -> dict[int, int]:
    """Ticks until each running timeout expires, by the address of its `struct _timeout`.

    The list is ordered, and each entry counts from the one before it: from the last announced tick.
    """
    found: dict[int, int] = {}
    total = 0
    node, *_ = members.read(list_address, memory)
    while node and node != list_address and node not in found and len(found) < MAX_TIMEOUTS:
        following, ticks, _ = members.read(node, memory)
        if ticks is None:
            break
        total += ticks
        found[node] = total
        node = following
    return found


def read(timer: Members, remaining: dict[int, int]) -> State | None:
    """Whether it runs, and when it expires."""
    timeout, expired = timer.inside("_timeout", "timeout"), timer.unsigned("status")
    if timeout is None or expired is None:
        return None
    facts: dict[str, int] = {"expired": expired}
    period = timer.signed("period.ticks")
    if period is None:
        period = timer.signed("period")
    expiry = timer.unsigned("expiry_fn")
    functions = {"calls": (expiry,)} if expiry else {}
    ticks = remaining.get(timeout.address)
    if ticks is None:
        running = timeout.pointer(timeout.address)
        return State("runs" if running else "stopped", facts, functions)
    facts["ticks_left"] = ticks
    text = f"expires in {ticks} ticks"
    if period is not None and period > 0:
        facts["period_ticks"] = period
        text += f", every {period}"
    return State(text, facts, functions)
