from analyzer.grouping import load_plumbing


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
