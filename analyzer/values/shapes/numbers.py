"""Values that consist of whole numbers only: taken apart in one step and written in one step."""

from collections.abc import Sequence
from struct import Struct
from typing import Final, NamedTuple

_MOST: Final = 64


class Numbers(NamedTuple):
    """Where the numbers of a value are, and the text around them."""

    template: str
    """With a `%d` for each number."""
    fields: tuple[tuple[int, str], ...]
    """First byte and `struct` code of each, in the template's order."""

    def take_apart(self) -> Struct | None:
        """Reads the numbers out of bytes; None where they overlap or do not follow each other."""
        layout, position = "<", 0
        for start, code in self.fields:
            if start < position:
                return None
            layout += f"{start - position}x{code}"
            position = start + Struct(f"<{code}").size
        return Struct(layout)


def put_together(
    members: Sequence[tuple[str, int, Numbers | None]], opening: str = "{", closing: str = "}"
) -> Numbers | None:
    """A value of members, each with a label and its first byte; None where not all of them are numbers only."""
    texts: list[str] = []
    fields: list[tuple[int, str]] = []
    for label, start, numbers in members:
        if numbers is None:
            return None
        texts.append(label.replace("%", "%%") + numbers.template)
        fields += [(start + at, code) for at, code in numbers.fields]
    found = Numbers(opening + ", ".join(texts) + closing, tuple(fields))
    return found if len(fields) <= _MOST and found.take_apart() is not None else None
