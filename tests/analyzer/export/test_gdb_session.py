import pytest

from analyzer.export.elf_core import CoreThread
from analyzer.export.gdb_session import naming_script, unknown_registers


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("main", "main"),
        ("two words", "two_words"),
        ("shell echo pwned", "shell_echo_pwned"),
        ("x\nshell echo pwned", "x_shell_echo_pwned"),
        ("x\\", "x_"),
        ("Ünï\x1b[31m", "_n__[31m"),
        ("n" * 500, "n" * 64),
    ],
)
def test_a_name_is_nothing_but_text_to_gdb(name: str, shown: str) -> None:
    assert naming_script([CoreThread(3, name, ())]) == f"thread apply 3 -q thread name {shown}\n"


def test_threads_without_a_name_are_left_alone() -> None:
    assert naming_script([CoreThread(1, None, ()), CoreThread(2, "", ()), CoreThread(3, " ", ())]) == ""


def test_what_is_not_known_is_said_for_each_thread() -> None:
    threads = [CoreThread(1, "main", ("r4", "r5")), CoreThread(2, "idle", ()), CoreThread(3, None, ("pc",))]
    assert unknown_registers(threads) == ["thread 1 (main): r4, r5", "thread 3: pc"]
