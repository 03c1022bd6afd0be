"""Values of C++ and Rust programs of this machine, stopped in gdb, which is asked for the same values."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.analyzer.values.native import PROGRAMS, stopped

pytestmark = [
    pytest.mark.toolchain,
    pytest.mark.skipif(shutil.which("gdb-multiarch") is None, reason="needs gdb-multiarch"),
]

DIFFERENT = {
    "diamond",  # gdb shows a virtual base class once, we show it under every class that has it
    "flat",  # gdb shows static members too
    "reference",
    "member",
    "second",
    "method",
    "dynamic",
    "nothing",
}


def notation(text: str) -> str:
    """Without the symbols and casts, which gdb writes with arguments."""
    return re.sub(r" <[^>{]*(?:\(\))?(?:\+\d+)?>|u8(?=\")", "", text)


def needs(tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("dwarf", ["-gdwarf-4", "-gdwarf-5"])
def test_cpp(compiler: str, dwarf: str, tmp_path: Path) -> None:
    needs(compiler)
    program = tmp_path / "classes"
    options = ["-std=gnu++20", dwarf, "-O0", "-fno-omit-frame-pointer", "-no-pie"]
    subprocess.run([compiler, *options, PROGRAMS / "classes.cpp", "-o", program], check=True, capture_output=True)
    frame, answers = stopped(program, tmp_path / "answer.json")
    texts, types = frame.texts(), frame.types()
    assert set(texts) == set(answers)
    assert len(texts) >= 24
    same = {name: notation(text) for name, (_, text) in answers.items() if name not in DIFFERENT}
    assert {name: notation(texts[name]) for name in same} == same
    base = r"_vptr[.$]Base = 0x[0-9a-f]+ <[^>]+>, x = 1"
    assert re.fullmatch(
        rf"\{{<app::Left> = \{{<app::Base> = \{{{base}\}}, _vptr[.$]Left = \S+ <[^>]+>, left = 2\}}, "
        rf"<app::Right> = \{{<app::Base> = \{{{base}\}}, _vptr[.$]Right = \S+ <[^>]+>, right = 3\}}, bottom = 4\}}",
        texts["diamond"],
    )
    assert texts["second"] == "12 <y>"
    assert texts["dynamic"] == "&virtual table offset 0"
    assert types["ring"] in ("app::Ring<short unsigned int, 3>", "app::Ring<unsigned short, 3>")
    assert types["function"] == "void (*)(void)"
    (count,) = [one for one in frame.index.global_variables() if one.function and one.variable.name.endswith("calls")]
    assert count.function == "run"


def test_rust(tmp_path: Path) -> None:
    needs("rustc")
    program, source = tmp_path / "shapes", PROGRAMS / "shapes.rs"
    codegen = ["panic=abort", "opt-level=0", "overflow-checks=off", "debug-assertions=off", "relocation-model=static"]
    options = [word for each in [*codegen, "force-frame-pointers=yes"] for word in ("-C", each)]
    command = ["rustc", "--edition", "2021", "-g", *options, "--emit", "obj", "--crate-type", "bin"]
    subprocess.run([*command, source, "-o", tmp_path / "shapes.o"], check=True, capture_output=True)
    subprocess.run(["gcc", "-no-pie", tmp_path / "shapes.o", "-o", program], check=True, capture_output=True)
    frame, answers = stopped(program, tmp_path / "answer.json")
    texts = frame.texts()
    assert set(texts) == set(answers)
    for name in ("f", "wide", "t", "color", "text", "unit"):
        assert texts[name] == answers[name][1]
    some, function = texts.pop("some"), texts.pop("fp")
    assert re.fullmatch(r"Some\(0x[0-9a-f]+ <.*shapes.*P.*>\)", some)
    assert function.endswith(" <stop_here>")
    assert {name: text for name, text in texts.items() if name not in ("f", "wide", "t", "color", "text", "unit")} == {
        "slice": "&{2, 3}",
        "arr": "{1, 2, 3, 4}",
        "none": "None",
        "num": "Some(7)",
        "shape": "Circle {radius = 9}",
        "empty": "Empty",
        "w": "{inner = true}",
        "res": 'Err("bad")',
        "oc": "None",
        "ch": "Some(233 'é')",
        "nested": "Some(None)",
    }
