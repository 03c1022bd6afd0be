"""Arrays: of numbers, of anything else, of characters; of a length that is fixed or only known in the frame."""

from collections.abc import Callable, Sequence
from typing import overload

from analyzer.symbols.types import BaseType
from analyzer.values import scalars
from analyzer.values.place import Unknown
from analyzer.values.shapes.numbers import put_together
from analyzer.values.shapes.scalar import Scalar
from analyzer.values.shapes.shape import (
    MORE,
    MOST_DEPTH,
    MOST_ELEMENTS,
    Flat,
    Part,
    Read,
    Rendering,
    Shape,
    at_once,
    joined,
)
from analyzer.values.view import View

_REPEATS = 10
_MOST_COUNT = 1 << 32


class Array(Shape):
    """An array; several dimensions are arrays of arrays. A count that is an expression is computed in the frame."""

    __slots__ = ("_element", "count")

    def __init__(self, handle: int, element: Shape, count: int | bytes | None, dimension: int = 0) -> None:
        fixed = isinstance(count, int) and element.size is not None
        super().__init__(handle, count * (element.size or 0) if fixed and isinstance(count, int) else None, dimension)
        self._element = element
        self.count = count

    def counted(self, rendering: Rendering) -> int | Unknown | None:
        """How many elements there are; None where nothing tells."""
        if not isinstance(self.count, bytes):
            return self.count
        count = rendering.value_of(self.count, None)
        if isinstance(count, Unknown):
            return count
        # An array of no elements has the upper bound -1.
        return 0 if count >= _MOST_COUNT >> 1 else count

    def bytes_of(self, rendering: Rendering) -> int | None:
        """The size, computed where it depends on the frame."""
        if self.size is not None:
            return self.size
        count, size = self.counted(rendering), self._element.bytes_of(rendering)
        return count * size if isinstance(count, int) and size is not None else None

    def extent(self, rendering: Rendering) -> int | None:
        """How many bytes are looked at."""
        count, size = self.counted(rendering), self._element.bytes_of(rendering)
        return min(count, self.most) * size if isinstance(count, int) and size is not None else None

    @property
    def most(self) -> int:
        """Elements that are looked at."""
        return MOST_ELEMENTS

    def make_flat(self, levels: int) -> Flat | None:
        """The elements in braces."""
        count, element = self.count, self._element
        flat, size = element.flat(levels - 1), element.size
        if not isinstance(count, int) or flat is None or size is None or flat.size != size:
            return None
        shown = min(count, MOST_ELEMENTS)
        more = [MORE] if shown < count else []

        def each(data: bytes, at: int, read: Read, text: Callable[[bytes, int, Read], str] = flat.text) -> str:
            return elements([text(data, at + index * size, read) for index in range(shown)] + more)

        def numbers(data: bytes, at: int, read: Read) -> str:
            texts = element.texts(data[at : at + shown * size], shown) if isinstance(element, Scalar) else None
            return each(data, at, read) if texts is None else elements(texts + more)

        text = numbers if isinstance(element, Scalar) else each
        # A longer array may have runs that are written once.
        few = [("", index * size, flat.numbers) for index in range(shown)] if count <= _REPEATS else [("", 0, None)]
        whole = put_together(few)
        text = text if whole is None else at_once(whole)
        return Flat(text, shown * size, shown * (1 + flat.parts), flat.levels + 1, whole)

    def text(self, view: View, at: int, rendering: Rendering) -> str | Unknown:
        """The elements in braces."""
        count, size = self.counted(rendering), self._element.bytes_of(rendering)
        if isinstance(count, Unknown):
            return count
        if count is None or size is None:
            # An array of unknown length, such as the flexible one at the end of a structure.
            return "{...}" if view.address is None else f"0x{view.address + at // 8:x}"
        if rendering.depth > MOST_DEPTH:
            return MORE
        return self.elements_text(view, at, count, size, rendering)

    def elements_text(self, view: View, at: int, count: int, size: int, rendering: Rendering) -> str | Unknown:
        """The elements, of which there are so many of so many bytes."""
        shown = min(count, MOST_ELEMENTS)
        element = self._element
        if shown and isinstance(element, Scalar):
            content = view.content(at // 8, shown * size)
            texts = None if isinstance(content, Unknown) else element.texts(content, shown)
            if texts is not None:
                kept = texts[: max(rendering.parts, 0)]
                rendering.parts -= len(kept)
                return elements([*kept, MORE] if len(kept) < count else kept)
        return self._one_by_one(view, at, count, size, rendering)

    def _one_by_one(self, view: View, at: int, count: int, size: int, rendering: Rendering) -> str | Unknown:
        texts: list[str] = []
        reasons: set[Unknown] = set()
        known = not count
        rendering.depth += 1
        for index in range(count):
            if index >= MOST_ELEMENTS or rendering.parts <= 0:
                texts.append(MORE)
                break
            rendering.parts -= 1
            text = self._element.text(view, at + index * size * 8, rendering)
            if isinstance(text, Unknown):
                reasons.add(text)
                texts.append(text.text)
            else:
                known = True
                texts.append(text)
        rendering.depth -= 1
        return reasons.pop() if not known and len(reasons) == 1 else elements(texts)

    def parts(self, view: View, at: int, rendering: Rendering) -> Sequence[Part]:
        """The elements."""
        count, size = self.counted(rendering), self._element.bytes_of(rendering)
        if not isinstance(count, int) or size is None:
            return ()
        return _Elements(Part("[0]", self._element, view, at), count, size, rendering)


class _Elements(Sequence[Part]):
    """Elements that are made when they are asked for."""

    def __init__(self, first: Part, count: int, size: int, rendering: Rendering) -> None:
        self._element = first.shape
        self._view = first.view
        self._at = first.at
        self._count = count
        self._size = size
        self._rendering = rendering

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Part: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Part]: ...
    def __getitem__(self, index: int | slice) -> Part | Sequence[Part]:
        if isinstance(index, slice):
            return [self._one(number) for number in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return self._one(index % self._count)

    def _one(self, index: int) -> Part:
        name, at = f"[{index}]", self._at + index * self._size * 8
        if self._view.address is None:
            return Part(name, self._element, self._view, at)
        # The array's own view ends behind the elements that are shown.
        there = self._rendering.at_address(self._view.address + at // 8, self._element)
        return Part(name, self._element, there, 0)


class Text(Array):
    """An array of characters."""

    __slots__ = ("_base",)

    def __init__(self, handle: int, base: BaseType, element: Shape, count: int | bytes | None, dimension: int) -> None:
        super().__init__(handle, element, count, dimension)
        self._base = base

    @property
    def most(self) -> int:
        """Characters that are looked at: all, for text may end far behind."""
        return scalars.MOST_ARRAY

    def make_flat(self, levels: int) -> Flat | None:
        """The text up to its NUL."""
        del levels
        if not isinstance(self.count, int) or self._element.size is None:
            return None
        width, prefix = self._element.size, scalars.prefix(self._base)
        size = min(self.count, scalars.MOST_ARRAY) * width

        def text(data: bytes, at: int, _read: Read) -> str:
            return scalars.text(data[at : at + size], width, prefix) if size else "{}"

        return Flat(text, size)

    def elements_text(self, view: View, at: int, count: int, size: int, rendering: Rendering) -> str | Unknown:
        """The text up to its NUL."""
        if not count:
            return "{}"
        content = view.content(at // 8, min(count, scalars.MOST_ARRAY) * size)
        if isinstance(content, Unknown):
            return super().elements_text(view, at, count, size, rendering) if view.address is not None else content
        return scalars.text(content, size, scalars.prefix(self._base))


def elements(texts: Sequence[str], opening: str = "{", closing: str = "}") -> str:
    """Elements in braces; long runs of one text are written once."""
    if len(texts) <= _REPEATS:
        return joined(texts, opening, closing)
    shown: list[str] = []
    position = 0
    while position < len(texts):
        end = position + 1
        text = texts[position]
        while end < len(texts) and texts[end] == text:
            end += 1
        run = end - position
        if run > _REPEATS:
            shown.append(f"{text} <repeats {run} times>")
        else:
            shown.extend(texts[position:end])
        position = end
    return joined(shown, opening, closing)
