"""Addresses as the report writes them: hexadecimal, in the width of the machine."""

from collections.abc import Callable

WRITERS: dict[int, Callable[[int], str]] = {4: "{:#010x}".format, 8: "{:#018x}".format}
"""By the size of a pointer in bytes."""
