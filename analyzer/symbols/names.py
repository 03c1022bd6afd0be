"""Names of functions as people write them."""

import re

_CLONE = re.compile(r"(\.(isra|part|constprop|lto_priv|cold|clone|localalias|llvm|specialized)(\.[0-9]+)*)+$")


def plain_name(name: str) -> str:
    """A symbol's name without what the compiler appended to it (`.isra.0`, `.part.0.cold`)."""
    return _CLONE.sub("", name)
