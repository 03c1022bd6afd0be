"""The rules of explanation: one file each, a function from facts to a note or to None, in order of precedence.

The first one that judges what happened gives the crash its kind and its title; everything else is said as well.
"""

from collections.abc import Callable

from analyzer.explain.facts import Facts, Note
from analyzer.explain.rules.bad_jump import bad_jump
from analyzer.explain.rules.code_without_instruction import code_without_instruction
from analyzer.explain.rules.disbelieved_reason import disbelieved_reason
from analyzer.explain.rules.error_pointer import error_pointer
from analyzer.explain.rules.escalation import escalation
from analyzer.explain.rules.failed_check import failed_check
from analyzer.explain.rules.fill_pattern import fill_pattern
from analyzer.explain.rules.foreign_stack import foreign_stack
from analyzer.explain.rules.imprecise import imprecise
from analyzer.explain.rules.interrupt import interrupt
from analyzer.explain.rules.known_object import known_object
from analyzer.explain.rules.no_memory import no_memory
from analyzer.explain.rules.non_canonical import non_canonical
from analyzer.explain.rules.null_pointer import null_pointer
from analyzer.explain.rules.peripheral import peripheral
from analyzer.explain.rules.read_only import read_only
from analyzer.explain.rules.stack_guard import stack_guard
from analyzer.explain.rules.stack_overflow import stack_overflow
from analyzer.explain.rules.text_pointer import text_pointer
from analyzer.explain.rules.unaligned import unaligned
from analyzer.explain.rules.unspecified import unspecified

Rule = Callable[[Facts], Note | None]

RULES: tuple[Rule, ...] = (
    failed_check,
    bad_jump,
    stack_overflow,
    stack_guard,
    null_pointer,
    unspecified,
    imprecise,
    error_pointer,
    fill_pattern,
    text_pointer,
    non_canonical,
    unaligned,
    read_only,
    foreign_stack,
    known_object,
    peripheral,
    no_memory,
    code_without_instruction,
    escalation,
    interrupt,
    disbelieved_reason,
)
