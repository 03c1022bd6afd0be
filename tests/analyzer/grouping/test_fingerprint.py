from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from analyzer.grouping import Circumstances, Grouping, group, load_plumbing

PLUMBING = load_plumbing()


def grouped(kind: str, functions: Sequence[str | None], known: Circumstances, pc: int = 0x400) -> Grouping:
    """Of a crash whose frames are in these functions; None is a frame without a name."""
    return group(kind, [each for each in functions if each], PLUMBING, replace(known, pc=pc if functions else None))


def key(kind: str, *functions: str | None, build_id: str | None = None, pc: int = 0x400) -> str:
    return grouped(kind, functions, Circumstances(build_id), pc).fingerprint


def test_a_rebuild_changes_nothing() -> None:
    assert key("oops", "a", "b", pc=0x400) == key("oops", "a", "b", pc=0x900, build_id="ff")


def test_kind_and_functions_tell_crashes_apart() -> None:
    keys = {
        key("oops", "a", "b"),
        key("panic", "a", "b"),
        key("oops", "a", "c"),
        key("oops", "b", "a"),
        key("oops", "ab"),
    }
    assert len(keys) == 5


def test_plumbing_does_not_count() -> None:
    assert key("assertion", "arch_except", "assert_post_action", "a", "b", "z_thread_entry") == key(
        "assertion", "a", "b"
    )
    assert key("bus-fault", "memcpy", "a") == key("bus-fault", "a")


def test_only_the_innermost_functions_count() -> None:
    assert key("oops", "a", "b", "c", "d", "e") == key("oops", "a", "b", "c", "d", "f")


def test_how_deep_a_recursion_went_does_not_count() -> None:
    assert key("stack-overflow", "f", "f", "f", "a") == key("stack-overflow", "f", "a")
    assert key("stack-overflow", "f", "g", "f", "g", "a") == key("stack-overflow", "f", "g", "a")


def test_where_all_is_plumbing_it_counts() -> None:
    assert key("panic", "k_panic") != key("panic", "z_thread_entry")


def test_without_names_build_and_address_tell() -> None:
    keys = {
        key("oops", None, build_id="aa"),
        key("oops", None, build_id="bb"),
        key("oops", None, build_id="aa", pc=0x500),
        key("oops", None),
        key("oops", None, pc=0x500),
        key("oops"),
    }
    assert len(keys) == 6


KNOWN = Circumstances("aa", 0x400, "ARM Cortex-M", 0x20000000, "K_ERR_KERNEL_OOPS (3)", "main", 0x5001, "a.c: x > 0")


@pytest.mark.parametrize(
    ("functions", "telling"),
    [
        (["k_panic"], {"thread": "worker", "assertion": "a.c: y > 0"}),
        ([None], {"thread": "worker", "build_id": "bb", "called_from": 0x6001, "memory": 0x30000000}),
        ([], {"thread": "worker", "build_id": "bb", "memory": 0x30000000, "reason": "K_ERR_KERNEL_PANIC (4)"}),
    ],
    ids=["plumbing", "address", "nothing"],
)
def test_where_functions_do_not_tell_whatever_is_known_does(
    functions: list[str | None], telling: dict[str, str | int]
) -> None:
    found = {
        grouped("oops", functions, replace(KNOWN, **{name: value})).fingerprint  # pyright: ignore[reportArgumentType]
        for name, value in {**telling, "thread": "worker"}.items()
    } | {grouped("oops", functions, KNOWN).fingerprint}
    assert len(found) == len(telling) + 1


def test_builds_without_an_id_are_told_apart_by_cpu_and_memory() -> None:
    crash = [
        Circumstances(architecture="x86"),
        Circumstances(architecture="x86", memory=0x100000),
        Circumstances(architecture="Xtensa", memory=0x100000),
    ]
    for functions in ([None], []):
        assert len({grouped("oops", functions, known).fingerprint for known in crash}) == 3


def test_a_rebuild_does_not_change_what_plumbing_and_thread_tell() -> None:
    rebuilt = replace(KNOWN, build_id="bb", memory=0x20000400, called_from=0x7001)
    crash = ["k_panic"]
    assert grouped("oops", crash, KNOWN).fingerprint == grouped("oops", crash, rebuilt).fingerprint


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bus-fault", "memory-fault"),
        ("bus-fault", "general-protection"),
        ("undefined-instruction", "breakpoint"),
        ("bad-jump", "bad-function-pointer"),
    ],
)
def test_kinds_that_only_the_cpu_tells_apart_are_one(one: str, other: str) -> None:
    assert key(one, "a") == key(other, "a")


def test_kinds_that_are_two_causes_stay_two() -> None:
    kinds = ("bus-fault", "null-dereference", "bad-jump", "undefined-instruction", "divide-by-zero", "stack-overflow")
    assert len({key(kind, "a") for kind in kinds}) == len(kinds)


def test_it_explains_itself_and_names_its_version() -> None:
    found = grouped("oops", ["a", "b"], KNOWN)
    assert found.explanation == "oops in a ← b"
    assert found.fingerprint.startswith("2-")
    assert grouped("bus-fault", ["a"], KNOWN).explanation == "bad-access (bus-fault) in a"
    told = [grouped("oops", functions, KNOWN).explanation for functions in (["k_panic"], [None], [])]
    assert told == [
        "oops in k_panic of thread main, a.c: x > 0",
        "oops at 0x00000400, called from 0x00005001 of thread main of build aa",
        "oops of thread main of build aa, whose registers are not known; K_ERR_KERNEL_OOPS (3)",
    ]
    unknown = grouped("oops", [None], Circumstances(architecture="x86", memory=0x1000)).explanation
    assert unknown == "oops at 0x00000400 of an unknown build for x86 with memory at 0x00001000"


def test_fingerprints_are_recorded() -> None:
    # A change here is a change of version: every crash of before would be a new one.
    assert key("null-dereference", "calibration_in_range", "channel_convert") == "2-2f46e1e253cb431f14742ece"
