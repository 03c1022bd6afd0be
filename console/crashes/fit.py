"""How well a firmware fits a dump, in words for who decides. Pure."""

from dataclasses import dataclass

from analyzer.fit import Fit


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence comes to."""

    state: str
    """`fits`, `unknown` or `differs`."""
    label: str
    text: str

    @property
    def badge(self) -> str:
        """The class of its badge."""
        return {"fits": "good", "unknown": "warn", "differs": "bad"}[self.state]

    @property
    def needs_confirming(self) -> bool:
        """Whether something speaks against it, so that a person has to say that they know."""
        return self.state == "differs"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was looked at."""

    name: str
    text: str
    speaks: bool | None
    """For (true) or against (false) the firmware; None where it tells nothing."""


def verdict_of_fit(fit: Fit) -> Verdict:
    """The verdict: whatever speaks against a firmware outweighs all that speaks for it."""
    if fit.matches is False:
        text = "Something in the dump contradicts this firmware: names, lines and values would be wrong."
        return Verdict("differs", "does not fit", text)
    if fit.matches is None:
        text = "Nothing in the dump contradicts this firmware, and nothing confirms it: names may be wrong."
        return Verdict("unknown", "cannot say", text)
    return Verdict("fits", "fits", "What the dump tells agrees with this firmware, and nothing contradicts it.")


def evidence_of(fit: Fit) -> list[Evidence]:
    """What the verdict rests on, in the order of how much it tells."""
    return [
        *(Evidence("Contradiction", text, speaks=False) for text in fit.against),
        _read_only(fit),
        _threads(fit),
        _program_counter(fit),
        _callers(fit),
        _kernel(fit),
    ]


def _read_only(fit: Fit) -> Evidence:
    name = "Read-only memory"
    if not fit.compared:
        return Evidence(name, "the dump holds none of the firmware's code and constants", None)
    what = f"{fit.compared:,} bytes of code and constants are in both"
    return Evidence(name, f"{what}; they {'differ' if fit.differs else 'are the same'}", not fit.differs)


def _threads(fit: Fit) -> Evidence:
    name = "Threads"
    if not fit.threads:
        return Evidence(name, "no thread tells where it started", None)
    text = f"{fit.threads_fitting} of {fit.threads} started where a function of this firmware starts"
    return Evidence(name, text, fit.threads_fitting == fit.threads)


def _program_counter(fit: Fit) -> Evidence:
    name = "Program counter"
    if fit.pc is None:
        return Evidence(name, "is not in the dump", None)
    if fit.pc_in_text is None:
        return Evidence(name, f"{fit.pc} could not be held against the firmware", None)
    if not fit.pc_in_text:
        return Evidence(name, f"{fit.pc} is no code of this firmware; a jump to a bad address looks the same", None)
    where = f", in {fit.function}" if fit.function else ""
    return Evidence(name, f"{fit.pc} is code of this firmware{where}", speaks=True)


def _callers(fit: Fit) -> Evidence:
    name = "Return addresses"
    if not fit.callers:
        return Evidence(name, "none was found on the stack of the crashed thread", None)
    end = "the stack unwinds to where the thread started" if fit.unwound else "the stack does not unwind to its end"
    text = f"{fit.callers_in_text} of {fit.callers} are code of this firmware; {end}"
    return Evidence(name, text, (fit.callers_in_text == fit.callers and fit.unwound) or None)


def _kernel(fit: Fit) -> Evidence:
    name = "Kernel"
    if fit.kernel is None:
        return Evidence(name, "the dump does not tell where the kernel keeps its threads", None)
    if fit.kernel:
        return Evidence(name, "_kernel of this firmware leads to the current thread", speaks=True)
    return Evidence(name, "_kernel of this firmware has another size than in the dump", speaks=False)
