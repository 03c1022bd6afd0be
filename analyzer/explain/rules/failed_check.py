"""A check of the program's own failed: an assertion, the stack protector, abort()."""

from analyzer.explain.facts import Assertion, Facts, Note, judged


def failed_check(facts: Facts) -> Note | None:
    """The program panics, and the functions around the panic tell why."""
    if not facts.holds("panic", "oops"):
        return None
    found = facts.plumbing.kind([line.function for line in facts.crash.lines if line.function])
    if found is None:
        return None
    kind, label = found
    said = _said(facts.assertion) if facts.assertion else ""
    return judged("failed-check", kind, label, said or f"{facts.verdict.detail} after a check had failed")


def _said(assertion: Assertion) -> str:
    place = f" at {assertion.file}" if assertion.file else ""
    if place and assertion.line:
        place += f":{assertion.line}"
    return f"the assertion{place} did not hold" + (f": {assertion.text}" if assertion.text else "")
