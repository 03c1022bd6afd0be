"""What reading a firmware may cost, so that a small file cannot ask for hours of work or gigabytes of memory.

Debug information is full of references, and what is referred to twice costs twice: lists, programs and names may
overlap, and a few bytes may ask for everything before them again. What compilers write costs in proportion to the
file's size; so there is an allowance in proportion to it, which everything that could grow otherwise is taken from.
"""

from contract.errors import LimitExceeded

STEPS_PER_BYTE = 3
"""None of firmware, C++ with templates, Rust with its library, compressed or not, was seen to take more than half."""
FREE_STEPS = 500_000
INFLATED_PER_BYTE = 32
FREE_INFLATED = 1 << 20
"""Compressors halve or quarter debug information; a file that grows thirtyfold was made to."""
_BYTES_PER_STEP = 32


class Allowance:
    """Steps of work left; a step takes about a microsecond, or about a hundred bytes of memory."""

    __slots__ = ("inflated", "steps")

    def __init__(self, size: int) -> None:
        """`size` of the file in bytes."""
        self.steps = STEPS_PER_BYTE * size + FREE_STEPS
        self.inflated = INFLATED_PER_BYTE * size + FREE_INFLATED

    def spend(self, steps: int = 1) -> None:
        """Take steps.

        Raises:
            LimitExceeded: there are none left.
        """
        self.steps -= steps
        if self.steps < 0:
            raise LimitExceeded(
                "The ELF file's debug information asks for far more work than any compiler's of its size; "
                "is it damaged, or made to do that?"
            )

    def keep(self, size: int) -> None:
        """Take the steps for keeping so many bytes; raises as `spend`."""
        self.spend(1 + size // _BYTES_PER_STEP)

    def inflate(self, size: int) -> None:
        """Take bytes that a compressed section will have.

        Raises:
            LimitExceeded: the file would grow beyond all proportion.
        """
        self.inflated -= size
        if self.inflated < 0:
            raise LimitExceeded("The ELF file's compressed sections would grow far more than debug information does.")
