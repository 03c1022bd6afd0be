"""An access close to address 0 went through a null pointer."""

from analyzer.explain.facts import ACCESS_KINDS, Facts, Note, judged

NULL_PAGE = 0x400
"""Addresses below this one are NULL and the offset of a member."""


def null_pointer(facts: Facts) -> Note | None:
    """The base register is 0, or the address is close to it."""
    if not facts.holds(*ACCESS_KINDS) or facts.address is None:
        return None
    through_null = facts.access is not None and facts.access.base_value == 0
    if not through_null and facts.address >= NULL_PAGE:
        return None
    return judged("null-pointer", "null-dereference", "Null pointer dereference", "a null pointer was followed")
