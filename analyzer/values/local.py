"""A variable of a frame and its value, as the report has them."""

import msgspec


class Local(msgspec.Struct, frozen=True, gc=False):
    """A parameter or local variable of a frame."""

    name: str
    type: str
    value: str
    """For a person; what is not known is called `<optimized out>`, `<not in dump>` and the like."""
    parameter: bool = False
    static: bool = False
    """Whether there is only one of it, which outlives the function."""
