"""A reason code that the hardware contradicts."""

from analyzer.explain.facts import Facts, Note


def disbelieved_reason(facts: Facts) -> Note | None:
    """What the kernel said, and why it is not believed."""
    return None if facts.disbelieved is None else Note("disbelieved-reason", facts.disbelieved)
