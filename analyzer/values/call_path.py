"""By which calls a function was entered: the call that a return address belongs to, and the tail calls after it.

A function that ends in a jump to another one leaves no frame. The compiler lists such jumps, so the way from the call
to the function can be found; it is believed only when there is exactly one.
"""

from analyzer.symbols.interface import CallSite, Machine
from analyzer.symbols.types import TypedSymbols
from analyzer.values.expression import BadExpression, Context, compute, program_of
from analyzer.values.place import InRegister

_MOST_STEPS = 200
_MOST_PATHS = 4096
_EM_ARM = 40


class _Ambiguous(Exception):
    """More than one way, or a jump whose target is not known."""


def call_path(
    symbols: TypedSymbols, caller: Machine | None, address: int, function: int
) -> tuple[CallSite, ...] | None:
    """The call that returns to an address, then the tail calls that lead to the function that starts at `function`.

    `caller` is the frame that made the call; without it, no call through a pointer leads anywhere. None unless the
    debug information proves that there is exactly one way.
    """
    site = symbols.call_site(address)
    if site is None or site.is_tail:
        return None
    targets = site.targets or _indirect_targets(symbols, caller, site)
    if len(targets) != 1:
        return None
    further = _tail_path(symbols, targets[0], function)
    return None if further is None else (site, *further)


def _tail_path(symbols: TypedSymbols, target: int, function: int) -> tuple[CallSite, ...] | None:
    """The tail calls that lead from one function to another, worked out once per firmware."""
    paths: dict[tuple[int, int], tuple[CallSite, ...] | None] = symbols.derived.setdefault(_Search, {})
    key = target, function
    if key not in paths:
        if len(paths) >= _MOST_PATHS:
            paths.clear()
        search = _Search(symbols, function)
        try:
            search.from_function(target, (), ())
            search.never_again()
            paths[key] = search.found
        except _Ambiguous:
            paths[key] = None
    return paths[key]


class _Search:
    """Follows tail calls from function to function."""

    def __init__(self, symbols: TypedSymbols, goal: int) -> None:
        self.symbols = symbols
        self.goal = goal
        self.found: tuple[CallSite, ...] | None = None
        self.steps = 0

    def from_function(self, function: int, path: tuple[CallSite, ...], entered: tuple[int, ...]) -> None:
        """Note the ways on from a function that was reached."""
        self.steps += 1
        if self.steps > _MOST_STEPS or function in entered:
            raise _Ambiguous
        if function == self.goal:
            if self.found is not None:
                raise _Ambiguous
            self.found = path
            return
        for site in self._tail_calls(function):
            for target in site.targets:
                self.from_function(target, (*path, site), (*entered, function))

    def never_again(self) -> None:
        """Make sure that the function cannot have entered itself anew by tail calls, with other arguments."""
        waiting = [self.goal]
        seen: set[int] = set()
        while waiting:
            for site in self._tail_calls(waiting.pop()):
                for target in site.targets:
                    if target == self.goal or len(seen) > _MOST_STEPS:
                        raise _Ambiguous
                    if target not in seen:
                        seen.add(target)
                        waiting.append(target)

    def _tail_calls(self, function: int) -> list[CallSite]:
        addresses = self.symbols.tail_calls(function)
        if addresses is None:
            raise _Ambiguous
        sites = [self.symbols.call_site(address) for address in addresses]
        known = [site for site in sites if site is not None and site.targets]
        if len(known) != len(sites):
            raise _Ambiguous
        return known


def _indirect_targets(symbols: TypedSymbols, caller: Machine | None, site: CallSite) -> tuple[int, ...]:
    if caller is None or not site.target_expression:
        return ()
    number = program_of(site.target_expression, symbols).number
    if isinstance(number, InRegister):
        target = caller.register(number.number)
        return () if target is None else (_code_address(symbols, target),)
    try:
        return (_code_address(symbols, compute(site.target_expression, Context(caller, symbols))),)
    except BadExpression:
        return ()


def _code_address(symbols: TypedSymbols, address: int) -> int:
    return address & ~1 if symbols.machine == _EM_ARM else address
