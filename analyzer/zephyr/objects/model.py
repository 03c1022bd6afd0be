"""A kernel object as far as dump and firmware tell."""

import msgspec


class Place(msgspec.Struct, frozen=True):
    """Where the firmware keeps an object: a variable, or a part of one."""

    kind: str
    """Such as `mutex`."""
    structure: str
    """Tag of its C structure, such as `k_mutex`."""
    name: str
    """Such as `queues[2].lock`."""
    address: int
    size: int


class State(msgspec.Struct, frozen=True):
    """What an object was doing."""

    text: str
    """For a person, in half a line."""
    facts: dict[str, int] = {}
    """For scripts."""
    functions: dict[str, tuple[int, ...]] = {}
    """Addresses of functions that it will call."""
    owner: int | None = None
    """Address of the thread that holds it."""
    problem: str | None = None
    """What is wrong with it, such as a damaged heap."""


class KernelObject(msgspec.Struct, frozen=True):
    """An object, its state, and the threads that wait for it."""

    place: Place
    state: State
    waiting: tuple[int, ...] = ()
    """Addresses of threads, in the order in which the kernel lists them."""
