"""Numbers of the DWARF standard that the analyzer uses, named as there (DWARF 5, section 7)."""

from enum import IntEnum
from typing import Final


class Tag:
    """DW_TAG_*, table 7.3."""

    ARRAY_TYPE: Final = 0x01
    CLASS_TYPE: Final = 0x02
    ENUMERATION_TYPE: Final = 0x04
    FORMAL_PARAMETER: Final = 0x05
    LEXICAL_BLOCK: Final = 0x0B
    MEMBER: Final = 0x0D
    POINTER_TYPE: Final = 0x0F
    REFERENCE_TYPE: Final = 0x10
    COMPILE_UNIT: Final = 0x11
    STRUCTURE_TYPE: Final = 0x13
    SUBROUTINE_TYPE: Final = 0x15
    TYPEDEF: Final = 0x16
    UNION_TYPE: Final = 0x17
    UNSPECIFIED_PARAMETERS: Final = 0x18
    INHERITANCE: Final = 0x1C
    INLINED_SUBROUTINE: Final = 0x1D
    PTR_TO_MEMBER_TYPE: Final = 0x1F
    SUBRANGE_TYPE: Final = 0x21
    BASE_TYPE: Final = 0x24
    CONST_TYPE: Final = 0x26
    ENUMERATOR: Final = 0x28
    SUBPROGRAM: Final = 0x2E
    VARIABLE: Final = 0x34
    VARIANT: Final = 0x19
    VARIANT_PART: Final = 0x33
    VOLATILE_TYPE: Final = 0x35
    RESTRICT_TYPE: Final = 0x37
    NAMESPACE: Final = 0x39
    UNSPECIFIED_TYPE: Final = 0x3B
    PARTIAL_UNIT: Final = 0x3C
    TYPE_UNIT: Final = 0x41
    RVALUE_REFERENCE_TYPE: Final = 0x42
    TEMPLATE_ALIAS: Final = 0x43
    ATOMIC_TYPE: Final = 0x47
    CALL_SITE: Final = 0x48
    CALL_SITE_PARAMETER: Final = 0x49
    GNU_CALL_SITE: Final = 0x4109
    GNU_CALL_SITE_PARAMETER: Final = 0x410A


class At:
    """DW_AT_*, table 7.5."""

    SIBLING: Final = 0x01
    LOCATION: Final = 0x02
    NAME: Final = 0x03
    BYTE_SIZE: Final = 0x0B
    BIT_OFFSET: Final = 0x0C
    BIT_SIZE: Final = 0x0D
    STMT_LIST: Final = 0x10
    DISCR: Final = 0x15
    DISCR_VALUE: Final = 0x16
    CONTAINING_TYPE: Final = 0x1D
    BIT_STRIDE: Final = 0x2E
    DISCR_LIST: Final = 0x3D
    BYTE_STRIDE: Final = 0x51
    ENUM_CLASS: Final = 0x6D
    DWO_NAME: Final = 0x76
    CALL_PARAMETER: Final = 0x80
    GNU_DWO_NAME: Final = 0x2130
    GNU_ADDR_BASE: Final = 0x2133
    LOW_PC: Final = 0x11
    HIGH_PC: Final = 0x12
    LANGUAGE: Final = 0x13
    COMP_DIR: Final = 0x1B
    PRODUCER: Final = 0x25
    CONST_VALUE: Final = 0x1C
    INLINE: Final = 0x20
    UPPER_BOUND: Final = 0x2F
    LOWER_BOUND: Final = 0x22
    PROTOTYPED: Final = 0x27
    ABSTRACT_ORIGIN: Final = 0x31
    ARTIFICIAL: Final = 0x34
    COUNT: Final = 0x37
    DATA_MEMBER_LOCATION: Final = 0x38
    DECLARATION: Final = 0x3C
    ENCODING: Final = 0x3E
    EXTERNAL: Final = 0x3F
    FRAME_BASE: Final = 0x40
    SPECIFICATION: Final = 0x47
    TYPE: Final = 0x49
    RANGES: Final = 0x55
    CALL_FILE: Final = 0x58
    CALL_LINE: Final = 0x59
    SIGNATURE: Final = 0x69
    DATA_BIT_OFFSET: Final = 0x6B
    LINKAGE_NAME: Final = 0x6E
    STR_OFFSETS_BASE: Final = 0x72
    ADDR_BASE: Final = 0x73
    RNGLISTS_BASE: Final = 0x74
    CALL_RETURN_PC: Final = 0x7D
    CALL_VALUE: Final = 0x7E
    CALL_ORIGIN: Final = 0x7F
    CALL_ALL_CALLS: Final = 0x7A
    CALL_ALL_SOURCE_CALLS: Final = 0x7B
    CALL_ALL_TAIL_CALLS: Final = 0x7C
    CALL_TAIL_CALL: Final = 0x82
    CALL_TARGET: Final = 0x83
    CALL_TARGET_CLOBBERED: Final = 0x84
    NORETURN: Final = 0x87
    LOCLISTS_BASE: Final = 0x8C
    GNU_CALL_SITE_VALUE: Final = 0x2111
    GNU_CALL_SITE_TARGET: Final = 0x2113
    GNU_CALL_SITE_TARGET_CLOBBERED: Final = 0x2114
    GNU_TAIL_CALL: Final = 0x2115
    GNU_ALL_TAIL_CALL_SITES: Final = 0x2116
    GNU_ALL_CALL_SITES: Final = 0x2117
    GNU_ALL_SOURCE_CALL_SITES: Final = 0x2118


class Language:
    """DW_LANG_*, table 7.17: languages that write `struct` and `enum` before a type's name, and Rust."""

    C_LIKE: Final = frozenset({0x01, 0x02, 0x0C, 0x10, 0x1D, 0x2C, 0x3E, 0x8001})
    RUST: Final = 0x1C


class Form:
    """DW_FORM_*, table 7.6."""

    ADDR: Final = 0x01
    BLOCK2: Final = 0x03
    BLOCK4: Final = 0x04
    DATA2: Final = 0x05
    DATA4: Final = 0x06
    DATA8: Final = 0x07
    STRING: Final = 0x08
    BLOCK: Final = 0x09
    BLOCK1: Final = 0x0A
    DATA1: Final = 0x0B
    FLAG: Final = 0x0C
    SDATA: Final = 0x0D
    STRP: Final = 0x0E
    UDATA: Final = 0x0F
    REF_ADDR: Final = 0x10
    REF1: Final = 0x11
    REF2: Final = 0x12
    REF4: Final = 0x13
    REF8: Final = 0x14
    REF_UDATA: Final = 0x15
    INDIRECT: Final = 0x16
    SEC_OFFSET: Final = 0x17
    EXPRLOC: Final = 0x18
    FLAG_PRESENT: Final = 0x19
    STRX: Final = 0x1A
    ADDRX: Final = 0x1B
    REF_SUP4: Final = 0x1C
    STRP_SUP: Final = 0x1D
    DATA16: Final = 0x1E
    LINE_STRP: Final = 0x1F
    REF_SIG8: Final = 0x20
    IMPLICIT_CONST: Final = 0x21
    LOCLISTX: Final = 0x22
    RNGLISTX: Final = 0x23
    REF_SUP8: Final = 0x24
    STRX1: Final = 0x25
    STRX2: Final = 0x26
    STRX3: Final = 0x27
    STRX4: Final = 0x28
    ADDRX1: Final = 0x29
    ADDRX2: Final = 0x2A
    ADDRX3: Final = 0x2B
    ADDRX4: Final = 0x2C
    GNU_ADDR_INDEX: Final = 0x1F01
    GNU_STR_INDEX: Final = 0x1F02
    GNU_REF_ALT: Final = 0x1F20
    GNU_STRP_ALT: Final = 0x1F21


class Encoding(IntEnum):
    """DW_ATE_*, table 7.11."""

    ADDRESS = 0x01
    BOOLEAN = 0x02
    COMPLEX_FLOAT = 0x03
    FLOAT = 0x04
    SIGNED = 0x05
    SIGNED_CHAR = 0x06
    UNSIGNED = 0x07
    UNSIGNED_CHAR = 0x08
    UTF = 0x10


TYPE_TAGS: Final = frozenset(
    {
        Tag.ARRAY_TYPE,
        Tag.CLASS_TYPE,
        Tag.ENUMERATION_TYPE,
        Tag.POINTER_TYPE,
        Tag.REFERENCE_TYPE,
        Tag.STRUCTURE_TYPE,
        Tag.SUBROUTINE_TYPE,
        Tag.TYPEDEF,
        Tag.TEMPLATE_ALIAS,
        Tag.UNION_TYPE,
        Tag.PTR_TO_MEMBER_TYPE,
        Tag.BASE_TYPE,
        Tag.CONST_TYPE,
        Tag.VOLATILE_TYPE,
        Tag.RESTRICT_TYPE,
        Tag.UNSPECIFIED_TYPE,
        Tag.RVALUE_REFERENCE_TYPE,
        Tag.ATOMIC_TYPE,
    }
)
"""Entries that are types."""
