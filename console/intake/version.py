"""Firmware versions, as people order them. Pure."""

import re
from typing import Final

_RELEASE: Final = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)", re.IGNORECASE)
_PART: Final = re.compile(r"([0-9]+)|([a-z]+)", re.IGNORECASE)
_WORD, _END, _NUMBER = 0, 1, 2
_DIGITS: Final = 18
"""More of them are no version, and cost time."""

Key = tuple[tuple[int, ...], tuple[tuple[int, int, str], ...]]


def version_key(version: str) -> Key:
    """A key to order versions by: `1.9` < `1.10`, `2.0-rc1` < `2.0` < `2.0-5-gabc`, and `v1.2.0` is `1.2`.

    What follows a `+` is build metadata and does not count.
    """
    text = version.strip().lower().partition("+")[0]
    found = _RELEASE.match(text)
    release = [int(number[:_DIGITS]) for number in found[1].split(".")] if found else []
    while release and release[-1] == 0:
        release.pop()
    rest = text[found.end() :] if found else text
    parts = [
        (_NUMBER, int(number[:_DIGITS]), "") if number else (_WORD, 0, word) for number, word in _PART.findall(rest)
    ]
    return tuple(release), (*parts, (_END, 0, ""))


def at_least(version: str, wanted: str) -> bool:
    """Whether a version is not older than another one."""
    return version_key(version) >= version_key(wanted)
