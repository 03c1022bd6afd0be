"""What a reader of the report should know before trusting it."""

from typing import NamedTuple

MISMATCH = "firmware-mismatch"
"""Code of all that says that the symbols are not those of the firmware that crashed."""


class Caveat(NamedTuple):
    """Something that was wrong, missing or guessed, and did not stop the analysis."""

    code: str
    """Stable slug, such as `truncated`."""
    text: str
    """One sentence for a person."""
