"""Every variable of every frame of the golden cases against gdb's answer."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from analyzer.dump.memory import Memory
from analyzer.dump.parse import parse
from analyzer.symbols.builder import build_index
from analyzer.symbols.index import SymbolIndex
from analyzer.symbols.interface import SourceFrame, Variable
from analyzer.values.locals import FrameVariables
from analyzer.values.render import Renderer
from analyzer.values.shapes.shape import Part
from tests.analyzer.golden import GOLDEN, aligned, answer_of, cases_of
from tests.analyzer.values.stopped import PC, StoppedFrame, stack

CASES = cases_of("*", "cortex-m")
REGISTERS = [*(f"r{number}" for number in range(13)), "sp", "lr", "pc"]
UNKNOWN = ("<optimized out>", "<unavailable>", "<not in dump>", "<synthetic pointer>", "<error: Division by zero>")
UNSEEN = {f"main:assert_post_action:{name}" for name in ("message", "file", "line")}
"""Passed by calls whose callee is described in another unit, where gdb does not look under -flto; we do."""
WITHOUT_PLACE = {"cortex-m/null-deref-Og-nocfi": "filter:window_statistics:window"}
"""What cannot be found without call frame information, which gdb had."""

Mismatch = tuple[str, Any, str]
Place = tuple[StoppedFrame, SourceFrame]


@cache
def index_of(elf: bytes) -> SymbolIndex:
    return SymbolIndex.from_bytes(build_index(elf))


def differences(where: str, expected: Any, part: Part, renderer: Renderer) -> Iterator[Mismatch]:
    """Where our value is not gdb's; an unknown value agrees with any unknown one."""
    value = renderer.value(part)
    if isinstance(expected, dict | list):
        pairs = expected.items() if isinstance(expected, dict) else ((f"[{i}]", one) for i, one in enumerate(expected))
        children = {child.name.strip("<>"): child for child in renderer.parts(part)}
        for name, one in pairs:
            if name in children:
                yield from differences(f"{where}.{name}", one, children[name], renderer)
            elif value.known or one not in UNKNOWN:
                yield (f"{where}.{name}", one, value.text)
    elif expected == "<synthetic pointer>" and value.text.startswith(f"{expected} to "):
        return
    elif expected in UNKNOWN or not value.known:
        if value.known or expected not in UNKNOWN:
            yield (where, expected, value.text)
    elif normal(expected) != normal(value.text):
        yield (where, expected, value.text)


def normal(text: str) -> Any:
    """What two notations of one value have in common."""
    if text.startswith('"'):
        return text[1:-1].encode().decode("unicode_escape").encode("latin-1").decode("latin-1")
    word = text.split(" ", maxsplit=1)[0]
    return int(word, 16) if word.startswith("0x") else text if not word.lstrip("-").isdigit() else int(word)


def plain_type(name: str) -> str:
    """What two notations of one type have in common: gdb writes types of C++ as people would."""
    name = re.sub(r"\b(?:struct|class|union|enum) ", "", name)
    return re.sub(r"\b(long|short) int\b", r"\1", re.sub(r"\b(\d+)[uU]\b", r"\1", name))


def compare_frame(
    where: str, answers: list[dict[str, Any]], found: list[tuple[Variable, Part]], renderer: Renderer
) -> Iterator[Mismatch]:
    by_name: dict[str, list[tuple[Variable, Part]]] = {}
    for variable, part in found:
        by_name.setdefault(variable.name, []).append((variable, part))
    for name in {answer["name"] for answer in answers} ^ set(by_name):
        yield (f"{where}:{name}", "in one of the two only", "")
    for name, ours in by_name.items():
        wanted = [answer for answer in answers if answer["name"] == name]
        # gdb lists a variable of an inlined function twice when the compiler put it in a block of its own.
        known = [answer for answer in wanted if answer["value"] != "<optimized out>"]
        if len(wanted) > len(ours):
            wanted = known or wanted[: len(ours)]
        for answer, (variable, part) in zip(wanted, ours, strict=True):
            # Where gdb guesses (see golden.py of the example firmware) we may know better than to say something.
            if not answer.get("guess") or renderer.value(part).known:
                yield from differences(f"{where}:{name}", answer["value"], part, renderer)
            wanted_type, type_name = plain_type(answer["type"]), plain_type(renderer.value(part).type)
            if (wanted_type, answer["argument"]) != (type_name, variable.is_parameter):
                yield (f"{where}:{name}", wanted_type, type_name)


def places(thread: dict[str, Any], index: SymbolIndex, memory: Memory) -> list[Place]:
    """Every frame of a thread, from the registers that gdb has for its innermost one."""
    known = {number: thread["registers"][name] for number, name in enumerate(REGISTERS)}
    registers = {number: int(value, 16) for number, value in known.items() if value is not None}
    frames = stack(StoppedFrame(index, memory, registers, registers[PC]))
    return [(frame, source) for frame in frames for source in index.source_frames(frame.lookup)]


def is_same(place: Place, answer: dict[str, Any]) -> bool:
    source = place[1]
    ours = (source.function, source.file, source.line, source.inlined)
    return tuple(answer[key] for key in ("function", "file", "line", "inlined")) == ours


@pytest.mark.parametrize("case", CASES)
def test_frames_and_variables_are_those_of_gdb(case: str) -> None:
    folder = GOLDEN / case
    index = index_of((folder / "firmware.elf").read_bytes())
    memory = Memory(parse((folder / "dump.core").read_bytes()).memory, index.read_only)
    document = answer_of(case)
    sees_tail_calls = "LTO" not in document["options"]
    mismatches: list[Mismatch] = []
    compared = 0
    for thread in document["threads"]:
        pairs = aligned(places(thread, index, memory), thread["frames"], is_same)
        while pairs and None in pairs[-1]:
            pairs.pop()
        for place, answer in pairs:
            if place is None or (answer is None and sees_tail_calls) or (answer and not is_same(place, answer)):
                mismatches.append((thread["name"], answer, str(place)))
            elif answer is not None:
                compared += 1
                frame, source = place
                where = f"{thread['name']}:{source.function}"
                variables = FrameVariables(index, frame, frame.lookup)
                found = variables.opened(source.scope)
                mismatches.extend(compare_frame(where, answer["locals"], found, variables.renderer))
    if not sees_tail_calls:
        mismatches = [one for one in mismatches if one[0] not in UNSEEN]
    if case in WITHOUT_PLACE:
        assert mismatches
        mismatches = [one for one in mismatches if not one[0].startswith(WITHOUT_PLACE[case])]
    assert mismatches == []
    # With the smallest dump, a jump to nowhere leaves nothing to start from.
    assert compared > 2 or case == "cortex-m/bad-call-Og-min"
