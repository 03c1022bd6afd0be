import pytest

from analyzer.symbols.type_name import type_name
from analyzer.symbols.types import (
    UNKNOWN,
    VOID,
    ArrayType,
    EnumType,
    FunctionType,
    PointerType,
    QualifiedType,
    RecordType,
    Type,
    TypedefType,
)
from tests.analyzer.values.doubles import BASES, CHAR, INT, FakeSymbols

SENSOR = RecordType("struct", "sensor", 8, ())
KIND = EnumType("kind", 1, signed=False, enumerators=())


def named(*types: Type) -> str:
    """Name of the last type; types refer to each other as 100, 101, ..."""
    symbols = FakeSymbols(types={**BASES, **{100 + index: one for index, one in enumerate(types)}})
    return type_name(symbols, 99 + len(types))


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        ((SENSOR, QualifiedType("const", 100), PointerType(4, 101, "*")), "const struct sensor *"),
        ((TypedefType("uint8_t", INT), ArrayType(100, (16,))), "uint8_t [16]"),
        ((PointerType(4, CHAR, "*"), ArrayType(100, (4,))), "char *[4]"),
        ((ArrayType(CHAR, (4,)), PointerType(4, 100, "*")), "char (*)[4]"),
        ((QualifiedType("const", INT), ArrayType(100, (2, 3))), "const int [2][3]"),
        ((ArrayType(INT, (2, None)), QualifiedType("volatile", 100)), "volatile int [2][]"),
        ((QualifiedType("volatile", CHAR), ArrayType(100, (4,)), QualifiedType("volatile", 101)), "volatile char [4]"),
        (
            (KIND, FunctionType(VOID, (100,), variadic=False, prototyped=True), PointerType(4, 101, "*")),
            "void (*)(enum kind)",
        ),
        ((FunctionType(INT, (), variadic=False, prototyped=True), PointerType(4, 100, "*")), "int (*)(void)"),
        ((FunctionType(INT, (CHAR,), variadic=True, prototyped=True), PointerType(4, 100, "*")), "int (*)(char, ...)"),
        (
            (FunctionType(INT, (), variadic=False, prototyped=False), PointerType(4, 100, "*"), ArrayType(101, (3,))),
            "int (*[3])()",
        ),
        ((PointerType(4, CHAR, "*"), QualifiedType("const", 100), PointerType(4, 101, "*")), "char * const *"),
        ((PointerType(4, INT, "*"), QualifiedType("const", 100)), "int * const"),
        ((QualifiedType("volatile", INT), QualifiedType("const", 100)), "const volatile int"),
        ((RecordType("union", "", 4, ()),), "union {...}"),
        ((PointerType(4, VOID, "*"),), "void *"),
        ((PointerType(4, UNKNOWN, "*"),), "<unknown type> *"),
        ((PointerType(4, INT, "&"),), "int &"),
    ],
)
def test_types_read_as_in_c(types: tuple[Type, ...], expected: str) -> None:
    assert named(*types) == expected


def test_a_type_made_of_itself_has_an_end() -> None:
    assert len(named(PointerType(4, 100, "*"))) < 100
    assert named(QualifiedType("const", 100)).startswith("const")
    assert len(named(ArrayType(100, (2,)))) < 1000
    assert len(named(FunctionType(100, (100, 100, 100), variadic=False, prototyped=True))) < 5000
