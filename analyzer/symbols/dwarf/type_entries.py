"""Types from debugging information entries, each kept once.

Every unit of a C program describes the types of its headers again; what is the same through and through is merged.
"""

from analyzer.symbols.dwarf.bit_offset import bit_offset
from analyzer.symbols.dwarf.constants import TYPE_TAGS, At, Encoding, Form, Language, Tag
from analyzer.symbols.dwarf.entries import DebugInfo, Entry
from analyzer.symbols.dwarf.expressions import UNSUPPORTED, References, resolve
from analyzer.symbols.dwarf.leb128 import encode_signed, encode_unsigned
from analyzer.symbols.dwarf.qualified_name import qualified_name
from analyzer.symbols.type_deduplication import VOID_NUMBER, complete_declarations, equivalence_classes, map_references
from analyzer.symbols.types import (
    UNKNOWN,
    VOID,
    VOID_TYPE,
    ArrayType,
    BaseType,
    EnumType,
    FunctionType,
    Member,
    MemberPointerType,
    OpaqueType,
    PointerType,
    QualifiedType,
    RecordType,
    Type,
    TypedefType,
    Variant,
    VariantPart,
)

_MOST_DIMENSIONS = 16
_KEYWORDS = {Tag.STRUCTURE_TYPE: "struct", Tag.UNION_TYPE: "union", Tag.CLASS_TYPE: "class"}
_QUALIFIERS = {
    Tag.CONST_TYPE: "const",
    Tag.VOLATILE_TYPE: "volatile",
    Tag.RESTRICT_TYPE: "restrict",
    Tag.ATOMIC_TYPE: "_Atomic",
}
_SIGNS = {Tag.POINTER_TYPE: "*", Tag.REFERENCE_TYPE: "&", Tag.RVALUE_REFERENCE_TYPE: "&&"}
_SIGNED_ENCODINGS = (Encoding.SIGNED, Encoding.SIGNED_CHAR)
_MOST_EXPRESSION = 256
_REFERENCES = (Form.REF1, Form.REF2, Form.REF4, Form.REF8, Form.REF_UDATA, Form.REF_ADDR)


class TypeEntries:
    """All types of a program.

    `types` is ordered by first appearance; a handle is the place in it, and all references in it are handles.
    """

    def __init__(self, info: DebugInfo, references: References) -> None:
        self.references = references
        self._numbers: dict[int, int] = {}
        self._entries: list[Entry] = []
        for unit in info.units:
            for entry in unit.entries:
                if entry.abbreviation.tag in TYPE_TAGS:
                    self._numbers[entry.offset] = len(self._entries)
                    self._entries.append(entry)
        nodes = [self._describe(entry) for entry in self._entries]
        aliases = complete_declarations(nodes)
        self._follow_signatures(aliases)
        classes = equivalence_classes(nodes, aliases, info.allowance)
        self.types: list[Type] = [VOID_TYPE]
        first: dict[int, int] = {}
        for number, of_class in enumerate(classes):
            if of_class not in first and aliases[number] == number:
                first[of_class] = len(self.types)
                self.types.append(VOID_TYPE)
        self._handles = [first[classes[aliases[number]]] for number in range(len(nodes))]
        self._handle_at = {offset: self._handles[number] for offset, number in self._numbers.items()}
        done: set[int] = set()
        for number, node in enumerate(nodes):
            handle = self._handles[number]
            if aliases[number] == number and handle not in done:
                done.add(handle)
                self.types[handle] = map_references(node, self._handle_of_number)

    def _follow_signatures(self, aliases: list[int]) -> None:
        """Entries that only say which type unit holds the type stand for that type."""
        for number, entry in enumerate(self._entries):
            target = entry.reference(At.SIGNATURE) if entry.has(At.SIGNATURE) else None
            found = None if target is None else self._numbers.get(target.offset)
            if found is not None and not self._entries[found].has(At.SIGNATURE):
                aliases[number] = aliases[found]

    def handle(self, entry: Entry) -> int:
        """The type that the entry (or what it is an instance of) has; `void` when it has none."""
        owner = entry.inherited(At.TYPE)
        if not owner.has(At.TYPE):
            return VOID
        offset = owner.target(At.TYPE)
        return UNKNOWN if offset is None else self._handle_at.get(offset, UNKNOWN)

    def handle_at(self, offset: int) -> int | None:
        """The type whose entry is at an offset of `.debug_info`."""
        return self._handle_at.get(offset)

    def _handle_of_number(self, number: int) -> int:
        return number if number < 0 else self._handles[number]

    def _reference(self, entry: Entry) -> int:
        """Number of the entry's DW_AT_type among all type entries; -2 for void, -1 for unknown."""
        if not entry.has(At.TYPE):
            return VOID_NUMBER
        offset = entry.target(At.TYPE)
        return UNKNOWN if offset is None else self._numbers.get(offset, UNKNOWN)

    def _describe(self, entry: Entry) -> Type:  # noqa: C901 - one branch per kind of type
        """The type with numbers of entries where handles will be."""
        tag = entry.tag
        name = qualified_name(entry)
        size = entry.natural(At.BYTE_SIZE)
        if tag == Tag.BASE_TYPE:
            if size is None or entry.has(At.BIT_SIZE):
                return OpaqueType(name, size)
            return BaseType(name, size, entry.natural(At.ENCODING) or 0)
        if tag in _SIGNS:
            named = name if _language(entry) == Language.RUST else ""
            width = entry.unit.layout.address_size if size is None else size
            return PointerType(width, self._reference(entry), _SIGNS[tag], named)
        if tag == Tag.PTR_TO_MEMBER_TYPE:
            return self._member_pointer(entry)
        if tag in _KEYWORDS:
            return self._record(entry, name, size)
        if tag == Tag.ARRAY_TYPE:
            return self._array(entry, name)
        if tag == Tag.ENUMERATION_TYPE:
            return self._enumeration(entry, name, size)
        if tag in (Tag.TYPEDEF, Tag.TEMPLATE_ALIAS):
            return TypedefType(name, self._reference(entry))
        if tag in _QUALIFIERS:
            return QualifiedType(_QUALIFIERS[tag], self._reference(entry))
        if tag == Tag.SUBROUTINE_TYPE:
            return FunctionType(
                self._reference(entry),
                tuple(self._reference(child) for child in entry.children if child.tag == Tag.FORMAL_PARAMETER),
                any(child.tag == Tag.UNSPECIFIED_PARAMETERS for child in entry.children),
                bool(entry.number(At.PROTOTYPED)) or _language(entry) not in Language.C_LIKE,
            )
        if tag == Tag.UNSPECIFIED_TYPE and "nullptr" in name:
            return PointerType(entry.unit.layout.address_size, VOID_NUMBER, "*", name)
        return OpaqueType(name, size)

    def _member_pointer(self, entry: Entry) -> Type:
        record = entry.reference(At.CONTAINING_TYPE)
        target = entry.reference(At.TYPE)
        words = 2 if target is not None and target.tag == Tag.SUBROUTINE_TYPE else 1
        number = UNKNOWN if record is None else self._numbers.get(record.offset, UNKNOWN)
        return MemberPointerType(words * entry.unit.layout.address_size, number, self._reference(entry))

    def _record(self, entry: Entry, name: str, size: int | None) -> Type:
        keyword = _KEYWORDS[entry.tag] if _language(entry) in Language.C_LIKE else ""
        if entry.number(At.DECLARATION) or size is None:
            return RecordType(keyword, name, None, ())
        variants: VariantPart | None = None
        members: list[Member] = []
        for child in entry.children:
            if child.tag == Tag.VARIANT_PART:
                variants = self._variants(child)
                if variants is None:
                    return OpaqueType(f"{keyword} {name}".strip(), size)
                continue
            if child.tag not in (Tag.MEMBER, Tag.INHERITANCE):
                continue
            if child.number(At.EXTERNAL) or child.number(At.DECLARATION) or child.has(At.CONST_VALUE):
                continue
            member = self._member(child)
            if member is None:
                return OpaqueType(f"{keyword} {name}".strip(), size)
            members.append(member)
        return RecordType(keyword, name, size, tuple(members), variants)

    def _member(self, entry: Entry) -> Member | None:
        """A member or base class; None where its place cannot be told."""
        is_base = entry.tag == Tag.INHERITANCE
        name, bits = entry.text(At.NAME) or "", entry.natural(At.BIT_SIZE) or 0
        offset = bit_offset(entry)
        if offset is not None:
            return Member(name, self._reference(entry), offset, bits, is_base)
        location = self._expression(entry, At.DATA_MEMBER_LOCATION)
        return None if location is None or bits else Member(name, self._reference(entry), 0, 0, is_base, location)

    def _expression(self, entry: Entry, attribute: int) -> bytes | None:
        """An expression of a type, such as where a virtual base class lies, that holds wherever the type is used."""
        block = entry.block(attribute)
        expression = UNSUPPORTED if block is None else resolve(block, entry.unit, lambda _offset: None, self.references)
        return None if expression == UNSUPPORTED or len(expression) > _MOST_EXPRESSION else expression

    def _variants(self, part: Entry) -> VariantPart | None:
        """The variants of a record (DWARF 5, section 5.7.10); None where they cannot be told apart."""
        discriminant: Member | None = None
        tag = part.reference(At.DISCR)
        if tag is not None:
            discriminant = self._member(tag)
            if discriminant is None or discriminant.location:
                return None
        variants: list[Variant] = []
        for child in part.children:
            if child.tag != Tag.VARIANT:
                continue
            values = _discriminant_values(child)
            members = [self._member(one) for one in child.children if one.tag == Tag.MEMBER]
            known = [member for member in members if member is not None]
            if values is None or len(known) != len(members):
                return None
            variants.append(Variant(values, tuple(known)))
        return VariantPart(discriminant, tuple(variants))

    def _array(self, entry: Entry, name: str) -> Type:
        counts: list[int | bytes | None] = []
        for child in entry.children[:_MOST_DIMENSIONS]:
            if child.tag != Tag.SUBRANGE_TYPE or child.has(At.BYTE_STRIDE) or child.has(At.BIT_STRIDE):
                return OpaqueType(name, None)
            counts.append(self._count(child))
        if entry.has(At.BYTE_STRIDE) or entry.has(At.BIT_STRIDE):
            return OpaqueType(name, None)
        return ArrayType(self._reference(entry), tuple(counts or [None]))

    def _count(self, subrange: Entry) -> int | bytes | None:
        """How many elements a dimension has: a number, or an expression that computes it in a frame."""
        if subrange.has(At.COUNT):
            count = None if subrange.form_of(At.COUNT) in _REFERENCES else subrange.natural(At.COUNT)
            return self._bound(subrange, At.COUNT) if count is None else count
        lower = subrange.number(At.LOWER_BOUND) or 0
        upper = subrange.number(At.UPPER_BOUND) if subrange.form_of(At.UPPER_BOUND) not in _REFERENCES else None
        if upper is None:
            dynamic = self._bound(subrange, At.UPPER_BOUND)
            return None if dynamic is None else dynamic + b"\x11" + encode_signed(1 - lower) + b"\x22"
        # An array of no elements has the upper bound -1, written without a sign.
        if upper in (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF):
            upper = -1
        return max(upper - lower + 1, 0)

    def _bound(self, subrange: Entry, attribute: int) -> bytes | None:
        """A bound that depends on the frame: an expression, or another variable's value."""
        other = subrange.reference(attribute)
        if other is not None:
            return b"\xfd" + encode_unsigned(self.references.number(other.offset))
        return self._expression(subrange, attribute)

    def _enumeration(self, entry: Entry, name: str, size: int | None) -> Type:
        if entry.number(At.DECLARATION) or size is None:
            return OpaqueType(f"enum {name}".rstrip(), None)
        is_c = _language(entry) in Language.C_LIKE
        prefix = "" if is_c else (name if entry.number(At.ENUM_CLASS) else name.rpartition("::")[0])
        enumerators: list[tuple[str, int]] = []
        for child in entry.children:
            if child.tag == Tag.ENUMERATOR:
                value = child.number(At.CONST_VALUE)
                if value is not None:
                    enumerator = child.text(At.NAME) or ""
                    enumerators.append((f"{prefix}::{enumerator}" if prefix else enumerator, value))
        encoding = entry.natural(At.ENCODING)
        underlying = entry.reference(At.TYPE)
        for _ in range(_MOST_DIMENSIONS):
            if encoding is not None or underlying is None:
                break
            encoding = underlying.natural(At.ENCODING)
            underlying = underlying.reference(At.TYPE)
        signed = any(value < 0 for _, value in enumerators) if encoding is None else encoding in _SIGNED_ENCODINGS
        return EnumType(name, size, signed, tuple(enumerators), "enum" if is_c else "")


def _language(entry: Entry) -> int:
    language = entry.unit.root.natural(At.LANGUAGE)
    return min(Language.C_LIKE) if language is None else language


def _discriminant_values(variant: Entry) -> tuple[tuple[int, int], ...] | None:
    """First and last of each range of values; nothing for all others; None where they cannot be read."""
    if variant.has(At.DISCR_LIST):
        return None
    if not variant.has(At.DISCR_VALUE):
        return ()
    value = variant.number(At.DISCR_VALUE)
    if value is None:
        block = variant.block(At.DISCR_VALUE)
        if block is None:
            return None
        value = int.from_bytes(block, "little")
    return None if value < 0 else ((value, value),)
