"""Structures, unions and classes, and enumerations with data (DWARF 5, sections 5.7 and 5.7.10)."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from analyzer.symbols.types import Member, RecordType, Variant
from analyzer.values.place import Nowhere, Unknown
from analyzer.values.shapes.numbers import Numbers, put_together
from analyzer.values.shapes.scalar import Scalar
from analyzer.values.shapes.shape import MORE, MOST_DEPTH, Firmware, Flat, Part, Read, Rendering, Shape, at_once, joined
from analyzer.values.view import Scattered, View


class _Slot(NamedTuple):
    """A member, ready to be shown."""

    name: str
    label: str
    shape: Shape
    at: int
    location: bytes
    """Gives the address of a virtual base class; empty for all others."""


class Record(Shape):
    """A structure, union or class."""

    __slots__ = ("_firmware", "_slots", "_variants", "one")
    brackets = ("{", "}")
    is_labelled = True

    def __init__(self, handle: int, one: RecordType, firmware: Firmware) -> None:
        super().__init__(handle, one.size)
        self.one = one
        self._firmware = firmware
        # Made when the first value is shown: types may contain pointers to themselves.
        self._slots: tuple[_Slot, ...] | None = None
        self._variants: dict[int, tuple[_Slot, ...]] = {}

    def text(self, view: View, at: int, rendering: Rendering) -> str | Unknown:
        """The members in braces; the reason where all are unknown for the same one."""
        if self.size is None:
            return Unknown.UNREADABLE
        slots = self.members(view, at, rendering)
        if isinstance(slots, Unknown):
            return slots
        texts = show(slots, view, at, rendering)
        return texts if isinstance(texts, Unknown) else self.put_together(slots, texts)

    def make_flat(self, levels: int) -> Flat | None:
        """The members in braces; nothing where one lies elsewhere."""
        if self.size is None or self.one.variants is not None:
            return None
        found: list[_Placed] = []
        for slot in self._own():
            placed = _placed(slot, self.size, levels - 1)
            if placed is None:
                return None
            found.append(placed)
        opening, closing = self.brackets
        labels = [one.label if self.is_labelled else "" for one in found]
        members = [(label, one.start, one.text) for label, one in zip(labels, found, strict=True)]
        numbers = [(label, one.start, one.numbers) for label, one in zip(labels, found, strict=True)]
        whole = put_together(numbers, opening, closing)
        return Flat(
            _each(members, opening, closing) if whole is None else at_once(whole),
            self.size,
            sum(1 + one.parts for one in found),
            max((1 + one.levels for one in found), default=0),
            whole,
        )

    def put_together(self, slots: Sequence[_Slot], texts: Sequence[str]) -> str:
        """The texts of the members as one."""
        labelled = [text if text == MORE else slot.label + text for slot, text in zip(slots, texts, strict=False)]
        return joined(labelled)

    def parts(self, view: View, at: int, rendering: Rendering) -> Sequence[Part]:
        """The members."""
        slots = () if self.size is None else self.members(view, at, rendering)
        if isinstance(slots, Unknown):
            return ()
        return [Part(slot.name, slot.shape, *_where(slot, view, at, rendering)) for slot in slots]

    def members(self, view: View, at: int, rendering: Rendering) -> tuple[_Slot, ...] | Unknown:
        """The members that the object has."""
        del view, at, rendering
        return self._own()

    def _own(self) -> tuple[_Slot, ...]:
        if self._slots is None:
            self._slots = self.slots(self.one.members)
        return self._slots

    def slots(self, members: Sequence[Member]) -> tuple[_Slot, ...]:
        """Members, ready to be shown."""
        made: list[_Slot] = []
        for member in members:
            shape = self._firmware.member(member)
            name = member.name
            if member.is_base:
                name = f"<{self._firmware.type_name(member.type)}>"
            made.append(_Slot(name, f"{name} = " if name else "", shape, member.bit_offset, member.location))
        return tuple(made)


class _Placed(NamedTuple):
    """A member that is shown by its bytes alone."""

    label: str
    start: int
    """Its first byte."""
    text: Callable[[bytes, int, Read], str]
    parts: int
    levels: int
    numbers: Numbers | None


def _placed(slot: _Slot, size: int, levels: int) -> _Placed | None:
    """A member of a record of so many bytes; None unless it is shown by its bytes alone."""
    start, shift = slot.at >> 3, slot.at & 7
    shape = slot.shape
    flat = None if slot.location or start < 0 else shape.flat(levels)
    if flat is None:
        return None
    if isinstance(shape, Scalar) and (shift or shape.bits != 8 * flat.size):
        text = shape.in_bits(shift)
        if text is None or slot.at + shape.bits > 8 * size:
            return None
        return _Placed(slot.label, start, text, 0, 0, None)
    if shift or start + flat.size > size:
        return None
    return _Placed(slot.label, start, flat.text, flat.parts, flat.levels, flat.numbers)


def _each(
    members: Sequence[tuple[str, int, Callable[[bytes, int, Read], str]]], opening: str, closing: str
) -> Callable[[bytes, int, Read], str]:
    """Shows each member by itself."""

    def text(data: bytes, at: int, read: Read) -> str:
        return opening + ", ".join([label + text(data, at + start, read) for label, start, text in members]) + closing

    return text


def _where(slot: _Slot, view: View, at: int, rendering: Rendering) -> tuple[View, int]:
    """The view that a member is in, and where it starts there."""
    if not slot.location:
        return view, at + slot.at
    if view.address is None:
        return _nowhere(Unknown.UNREADABLE, rendering), 0
    address = rendering.value_of(slot.location, view.address + at // 8)
    if isinstance(address, Unknown):
        return _nowhere(address, rendering), 0
    return rendering.at_address(address, slot.shape), 0


def _nowhere(reason: Unknown, rendering: Rendering) -> View:
    return Scattered(Nowhere(reason), rendering.context.source)


def show(slots: Sequence[_Slot], view: View, at: int, rendering: Rendering) -> list[str] | Unknown:
    """The texts of members; the reason where all are unknown for the same one."""
    if rendering.depth > MOST_DEPTH:
        return [MORE]
    rendering.depth += 1
    texts: list[str] = []
    reasons: set[Unknown] = set()
    known = not slots
    for slot in slots:
        if rendering.parts <= 0:
            texts.append(MORE)
            known = True
            break
        rendering.parts -= 1
        if slot.location:
            there, start = _where(slot, view, at, rendering)
            text = slot.shape.text(there, start, rendering)
        else:
            text = slot.shape.text(view, at + slot.at, rendering)
        if isinstance(text, Unknown):
            reasons.add(text)
            texts.append(text.text)
        else:
            known = True
            texts.append(text)
    rendering.depth -= 1
    return reasons.pop() if not known and len(reasons) == 1 else texts


class Variants(Record):
    """A record of which a discriminant says what it holds, as Rust's enumerations are."""

    __slots__ = ()

    def text(self, view: View, at: int, rendering: Rendering) -> str | Unknown:
        """The variant's name and what it holds: `Some(7)`, `None`, `Circle {radius = 9}`."""
        variant = self._variant(view, at)
        if isinstance(variant, Unknown):
            return variant
        slots = self._slots_of(variant)
        shared = self.members(view, at, rendering)
        if not slots or isinstance(shared, Unknown):
            return Unknown.UNREADABLE
        texts = show(slots, view, at, rendering)
        if isinstance(texts, Unknown):
            texts = [texts.text]
        name = slots[0].name
        inner = texts[0]
        if inner == "{}" or not name:
            return name or inner
        return name + (inner if inner.startswith("(") else f" {inner}")

    def parts(self, view: View, at: int, rendering: Rendering) -> Sequence[Part]:
        """What the variant holds."""
        del rendering
        variant = self._variant(view, at)
        if isinstance(variant, Unknown):
            return ()
        return [Part(slot.name, slot.shape, view, at + slot.at) for slot in self._slots_of(variant)]

    def _variant(self, view: View, at: int) -> Variant | Unknown:
        variants = self.one.variants
        if variants is None:
            return Unknown.UNREADABLE
        discriminant = variants.discriminant
        if discriminant is None:
            return variants.variants[0] if len(variants.variants) == 1 else Unknown.UNREADABLE
        shape = self._firmware.member(discriminant)
        size = discriminant.bit_size or (shape.size or 0) * 8
        bits = view.bits(at + discriminant.bit_offset, size) if 0 < size <= 128 else Unknown.UNREADABLE
        if isinstance(bits, Unknown):
            return bits
        otherwise: Variant | None = None
        for variant in variants.variants:
            if not variant.values:
                otherwise = variant
            elif any(low <= bits <= high for low, high in variant.values):
                return variant
        return Unknown.UNREADABLE if otherwise is None else otherwise

    def _slots_of(self, variant: Variant) -> tuple[_Slot, ...]:
        key = id(variant)
        if key not in self._variants:
            self._variants[key] = self.slots(variant.members)
        return self._variants[key]


class Tuple(Record):
    """A record whose members have numbers for names, as Rust's tuples have.

    One around nothing but another one of a single member is shown as that: `Some(7)` for `Some(NonZero(Inner(7)))`.
    """

    __slots__ = ()
    brackets = ("(", ")")
    is_labelled = False

    def _is_around_one(self) -> bool:
        slots = self._own()
        return len(slots) == 1 and isinstance(slots[0].shape, Tuple) and len(slots[0].shape.one.members) == 1

    def put_together(self, slots: Sequence[_Slot], texts: Sequence[str]) -> str:
        """The members in parentheses."""
        del slots
        return texts[0] if self._is_around_one() else joined(texts, "(", ")")


def is_tuple(one: RecordType) -> bool:
    """Whether the members are `__0`, `__1` and so on."""
    return bool(one.members) and all(member.name == f"__{number}" for number, member in enumerate(one.members))
