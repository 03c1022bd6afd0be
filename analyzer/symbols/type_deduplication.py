"""Which types are the same, so that each is kept once.

Two descriptions are merged only when they are the same through and through: starting from what a type says by itself,
classes are split by the classes of the types they refer to until nothing splits any more. Types that refer to
themselves need no special treatment in that.
"""

from collections.abc import Callable
from dataclasses import replace

from analyzer.symbols.allowance import Allowance
from analyzer.symbols.types import (
    UNKNOWN,
    VOID,
    ArrayType,
    FunctionType,
    Member,
    MemberPointerType,
    PointerType,
    QualifiedType,
    RecordType,
    Type,
    TypedefType,
    VariantPart,
)

VOID_NUMBER = -2
"""Stands for void where types refer to each other by their place in a list."""
_MOST_ROUNDS = 64


def map_references(node: Type, change: Callable[[int], int]) -> Type:
    """The same type with every reference changed; void becomes its handle."""

    def new(number: int) -> int:
        return VOID if number == VOID_NUMBER else change(number)

    def new_members(members: tuple[Member, ...]) -> tuple[Member, ...]:
        return tuple([replace(member, type=new(member.type)) for member in members])

    if isinstance(node, (PointerType, TypedefType, QualifiedType)):
        return replace(node, target=new(node.target))
    if isinstance(node, MemberPointerType):
        return replace(node, target=new(node.target), record=new(node.record))
    if isinstance(node, RecordType):
        parts = node.variants
        if parts is not None:
            tag = parts.discriminant
            parts = VariantPart(
                None if tag is None else replace(tag, type=new(tag.type)),
                tuple(replace(variant, members=new_members(variant.members)) for variant in parts.variants),
            )
        return replace(node, members=new_members(node.members), variants=parts)
    if isinstance(node, ArrayType):
        return replace(node, element=new(node.element))
    if isinstance(node, FunctionType):
        return replace(node, result=new(node.result), parameters=tuple(new(number) for number in node.parameters))
    return node


def _references(node: Type) -> tuple[int, ...]:
    if isinstance(node, (PointerType, TypedefType, QualifiedType)):
        return (node.target,)
    if isinstance(node, MemberPointerType):
        return (node.record, node.target)
    if isinstance(node, RecordType):
        return tuple([member.type for member in _all_members(node)])
    if isinstance(node, ArrayType):
        return (node.element,)
    if isinstance(node, FunctionType):
        return (node.result, *node.parameters)
    return ()


def _all_members(node: RecordType) -> list[Member]:
    """The members, the discriminant, and the members of all variants."""
    members = list(node.members)
    if node.variants is not None:
        members += [] if node.variants.discriminant is None else [node.variants.discriminant]
        members += [member for variant in node.variants.variants for member in variant.members]
    return members


def _own_words(node: Type) -> tuple[object, ...]:
    """What the type says without its references, hashable and equal for equal texts."""
    if isinstance(node, PointerType):
        return ("pointer", node.size, node.sign, node.name)
    if isinstance(node, MemberPointerType):
        return ("member pointer", node.size)
    if isinstance(node, RecordType):
        shape = tuple(
            [(one.name, one.bit_offset, one.bit_size, one.is_base, one.location) for one in _all_members(node)]
        )
        values = None
        if node.variants is not None:
            values = tuple([(variant.values, len(variant.members)) for variant in node.variants.variants])
        return ("record", node.keyword, node.name, node.size, shape, values)
    if isinstance(node, ArrayType):
        return ("array", node.counts)
    if isinstance(node, (TypedefType, QualifiedType)):
        return (type(node), node.name if isinstance(node, TypedefType) else node.qualifier)
    if isinstance(node, FunctionType):
        return ("function", node.variadic, node.prototyped, len(node.parameters))
    return (node,)


def complete_declarations(nodes: list[Type]) -> list[int]:
    """For each type the number of the one to use for it: a declared record's definition where all look alike."""
    complete: dict[tuple[str, str], int] = {}
    words: dict[tuple[str, str], tuple[object, ...]] = {}
    ambiguous: set[tuple[str, str]] = set()
    for number, node in enumerate(nodes):
        if isinstance(node, RecordType) and node.name and node.size is not None:
            key = (node.keyword, node.name)
            own = _own_words(node)
            if words.setdefault(key, own) != own:
                ambiguous.add(key)
            complete.setdefault(key, number)
    aliases = list(range(len(nodes)))
    for number, node in enumerate(nodes):
        if isinstance(node, RecordType) and node.size is None:
            key = (node.keyword, node.name)
            if key in complete and key not in ambiguous:
                aliases[number] = complete[key]
    return aliases


def equivalence_classes(nodes: list[Type], aliases: list[int], allowance: Allowance) -> list[int]:
    """A number per type, equal for types that are the same through and through."""
    numbering: dict[object, int] = {}
    classes = [numbering.setdefault(_own_words(node), len(numbering)) for node in nodes]
    references = [tuple([aliases[number] if number >= 0 else number for number in _references(node)]) for node in nodes]
    known = len(numbering)
    for _ in range(_MOST_ROUNDS):
        allowance.spend(len(nodes))
        numbering = {}
        # Behind the last one stand those that are no entry: unknown is -1 and void -2, which count from the end.
        class_of = [*classes, VOID_NUMBER, UNKNOWN].__getitem__
        classes = [
            numbering.setdefault((class_of(number), *map(class_of, targets)), len(numbering))
            for number, targets in enumerate(references)
        ]
        if len(numbering) == known:
            return classes
        known = len(numbering)
    # A chain of types longer than any program has: nothing is merged rather than something wrong.
    return list(range(len(nodes)))
