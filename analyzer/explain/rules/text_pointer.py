"""A pointer that is text: something wrote a string over it."""

from analyzer.explain.facts import ACCESS_KINDS, FETCH_KINDS, Facts, Note
from analyzer.explain.rules.null_pointer import NULL_PAGE


def text_pointer(facts: Facts) -> Note | None:
    """All bytes of the pointer are printable characters, and it points to no memory that is known."""
    cpu, pointer = facts.crash.cpu, facts.followed
    if pointer is None and facts.crash.pc_is_code is False and cpu is not None:
        pointer = facts.register(cpu.pc)
    if cpu is None or pointer is None or pointer < NULL_PAGE or not facts.holds(*ACCESS_KINDS, *FETCH_KINDS):
        return None
    raw = pointer.to_bytes(cpu.pointer_size, "little")
    text = raw.rstrip(b"\0")
    if len(text) < len(raw) - (1 if len(raw) == 4 else 4) or not all(0x20 <= byte < 0x7F for byte in text):
        return None
    if facts.crash.memory.read(pointer, 1) is not None:
        return None
    shown = text.decode("ascii").replace("\\", "\\\\").replace('"', '\\"')
    return Note("text-pointer", f'the pointer is the text "{shown}": something wrote a string over it')
