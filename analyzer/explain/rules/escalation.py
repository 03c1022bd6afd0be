"""A fault that became a hard fault."""

from analyzer.explain.facts import Facts, Note


def escalation(facts: Facts) -> Note | None:
    """HFSR.FORCED: the fault's own handler was not enabled, or the fault came while it could not run."""
    if not any(bit.register == "HFSR" and bit.name == "FORCED" for bit in facts.status.bits):
        return None
    return Note(
        "escalation", "the fault became a hard fault, since its own handler was not enabled or could not run just then"
    )
