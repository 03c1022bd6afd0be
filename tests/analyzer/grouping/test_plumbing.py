import pytest

from analyzer.grouping import BadPlumbing, extended, load_plumbing


def test_names_and_patterns() -> None:
    plumbing = load_plumbing()
    assert plumbing.group("k_panic") == "fatal"
    assert plumbing.group("__aeabi_memcpy") == "library"
    assert plumbing.group("sensor_read") is None
    assert plumbing.group("k_panic_button") is None


def test_kinds_are_of_groups_that_exist() -> None:
    plumbing = load_plumbing()
    groups = {*plumbing.exact.values(), *(group for _, group in plumbing.patterns)}
    assert plumbing.kinds.keys() <= groups


def test_the_innermost_plumbing_tells_the_kind() -> None:
    plumbing = load_plumbing()
    assert plumbing.kind(["arch_except", "__assert_func", "app"]) == ("assertion", "Assertion failed")
    assert plumbing.kind(["app", "__assert_func"]) is None
    assert plumbing.kind([]) is None


OWN = """
[skip]
checks = ["app_check_*", "my_assert"]
[kinds]
checks = ["check", "Check failed"]
"""


def test_a_list_of_ones_own_goes_on_top() -> None:
    plumbing = extended(load_plumbing(), OWN, "own.toml")
    assert plumbing.group("app_check_range") == "checks"
    assert plumbing.group("k_panic") == "fatal"
    assert plumbing.kind(["my_assert", "app"]) == ("check", "Check failed")
    assert load_plumbing().group("my_assert") is None


@pytest.mark.parametrize(
    "text", ["[skip", "skip = 3", '[skip]\nchecks = "my_assert"', "[other]\na = 1", "[kinds]\na = 1"]
)
def test_a_list_of_another_shape_says_what_is_wrong(text: str) -> None:
    with pytest.raises(BadPlumbing, match=r"own\.toml: .*\[skip\]"):
        extended(load_plumbing(), text, "own.toml")


@pytest.mark.parametrize(
    "function",
    ["z_riscv_fault", "z_arm64_fatal_error", "z_x86_do_kernel_oops", "_interrupt_enter", "xtensa_excint1_c"],
)
def test_every_architecture_has_plumbing(function: str) -> None:
    assert load_plumbing().group(function) is not None
