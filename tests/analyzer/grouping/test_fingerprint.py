from analyzer.grouping import NamedFrame, group, load_plumbing

PLUMBING = load_plumbing()


def frames(*functions: str | None, pc: int = 0x400) -> list[NamedFrame]:
    return [NamedFrame(pc + 16 * at, name, "a.c", guessed=False) for at, name in enumerate(functions)]


def key(kind: str, *functions: str | None, build_id: str | None = None, pc: int = 0x400) -> str:
    return group(kind, frames(*functions, pc=pc), PLUMBING, build_id).fingerprint


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


def test_frames_without_a_name_and_guesses_do_not_count() -> None:
    assert key("bad-jump", None, "a") == key("bad-jump", "a")
    guess = [NamedFrame(0x400, "a", None, guessed=False), NamedFrame(0x500, "b", None, guessed=True)]
    assert group("oops", guess, PLUMBING, None).fingerprint == key("oops", "a")


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


def test_it_explains_itself_and_names_its_version() -> None:
    found = group("oops", frames("a", "b"), PLUMBING, None)
    assert found.explanation == "oops in a ← b"
    assert found.fingerprint.startswith("1-")
    assert group("oops", frames(None), PLUMBING, "aa").explanation == "oops at 0x00000400 of build aa"
    assert "unknown build" in group("oops", frames(None), PLUMBING, None).explanation


def test_fingerprints_are_recorded() -> None:
    # A change here is a change of version: every crash of before would be a new one.
    assert key("null-dereference", "calibration_in_range", "channel_convert") == "1-2f46e1e253cb431f14742ece"
