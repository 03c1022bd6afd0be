"""From a crash to what a person wants to know: what happened, where, and how we know."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePosixPath

import msgspec

from analyzer.disassembly import Access, Instruction
from analyzer.explain.access_text import access_text, reached
from analyzer.explain.facts import Assertion, Crash, Note, SourceLine
from analyzer.explain.gather import gather
from analyzer.explain.rules import RULES
from analyzer.explain.source_pointer import SourcePointer
from analyzer.grouping import Plumbing

ACCESS_RULE = "access"
"""Name of the note that tells the memory access."""


class Explanation(msgspec.Struct, frozen=True):
    """What happened, where, and how we know."""

    kind: str
    title: str
    text: str
    reason_name: str
    address: int | None
    """The address whose access failed, where it is known."""
    evidence: tuple[str, ...]
    notes: tuple[Note, ...] = ()
    """What the text is made of, by rule."""
    assertion: Assertion | None = None
    landed: int = 0
    """How many of the innermost lines are merely where a bad call landed: the fault is their caller's."""
    instruction: Instruction | None = None
    """The one that failed."""
    access: Access | None = None
    pointer: SourcePointer | None = None
    """What the access's base register is in the source."""
    expression: str | None = None
    """What was accessed, in the source's words, such as `sensor->data`."""


def explain(crash: Crash, plumbing: Plumbing) -> Explanation:
    """Explain a crash; says only what the facts support."""
    facts = gather(crash, plumbing)
    notes = [note for rule in RULES if (note := rule(facts)) is not None]
    judging = next((note for note in notes if note.verdict is not None), None)
    verdict = judging.verdict if judging and judging.verdict else facts.verdict
    notes = [note for note in notes if note.verdict is None or note is judging]
    notes.sort(key=lambda note: note is not judging)
    expression, field = reached(facts) or (None, None)
    told = access_text(facts, field)
    if told is not None:
        notes.insert(1 if judging else 0, Note(ACCESS_RULE, told))
    texts = [note.text for note in notes] if judging else [verdict.detail, *(note.text for note in notes)]
    landed = _landed(crash) if verdict.by_caller else 0
    pc = crash.context.registers.get(crash.cpu.pc) if crash.cpu and crash.context else None
    name = facts.reason_name
    return Explanation(
        kind=verdict.kind,
        title=_title(verdict.label, crash.lines[landed:], plumbing, pc),
        text=" ".join(map(_sentence, texts)),
        reason_name=name,
        address=facts.address,
        evidence=(
            name if judging is None else f"{name}: {facts.verdict.detail}",
            *(f"{bit.register}.{bit.name}: {bit.meaning}" for bit in facts.status.bits),
        ),
        notes=tuple(notes),
        assertion=facts.assertion,
        landed=landed,
        instruction=facts.instruction,
        access=facts.access,
        pointer=facts.pointer,
        expression=expression,
    )


def _landed(crash: Crash) -> int:
    """How many lines the innermost frame has, inlined functions included; 0 where nothing is known further out."""
    count = max(1, len(crash.frames[0].source_frames())) if len(crash.frames) > 1 else 0
    return count if any(line.function for line in crash.lines[count:]) else 0


def _title(label: str, lines: Sequence[SourceLine], plumbing: Plumbing, pc: int | None) -> str:
    named = [line for line in lines if line.function]
    blamed = next((line for line in named if plumbing.group(line.function or "") is None), None)
    blamed = blamed or (named[0] if named else None)
    if blamed is None:
        return label if pc is None else f"{label} at {pc:#010x}"
    place = _file_name(blamed.file) if blamed.file else ""
    if place and blamed.line:
        place += f":{blamed.line}"
    return f"{label} in {blamed.function}" + (f" ({place})" if place else "")


@lru_cache(1024)
def _file_name(path: str) -> str:
    return PurePosixPath(path).name


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
