"""A fault that the hardware reports late."""

from analyzer.explain.facts import Facts, Note


def imprecise(facts: Facts) -> Note | None:
    """The program counter is behind the instruction whose access failed."""
    if not facts.imprecise:
        return None
    return Note(
        "imprecise",
        "the instruction shown is not the culprit but one that ran soon after it; the address that failed is not known",
    )
