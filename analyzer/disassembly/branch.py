"""Direct branches, whose target stands in the code."""

import re

_TARGET = re.compile(r"(?:^|(?<=, ))#?(0x[0-9a-f]+|\d+)$")


def direct_branch(operands: str) -> tuple[str, int | None]:
    """The operands of a branch without the sign of a constant, and the address that they end in, if they do."""
    found = _TARGET.search(operands)
    if found is None:
        return operands, None
    goal = int(found[1], 0)
    return f"{operands[: found.start()]}{goal:#x}", goal
