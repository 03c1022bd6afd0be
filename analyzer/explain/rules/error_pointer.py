"""A negative error code that was used as a pointer."""

import errno

from analyzer.explain.facts import ACCESS_KINDS, Facts, Note

MAX_ERROR = 140
"""Error codes of Zephyr's `lib/libc/minimal/include/errno.h` go up to here; those that differ from this machine's are
not named."""
_COMMON = ("EPERM", "ENOENT", "EIO", "ENXIO", "EBADF", "EAGAIN", "ENOMEM", "EACCES", "EFAULT", "EBUSY", "EEXIST")
_NAMES = {getattr(errno, name): name for name in (*_COMMON, "ENODEV", "EINVAL", "ENOSPC", "EPIPE", "ERANGE")}


def error_pointer(facts: Facts) -> Note | None:
    """The pointer is a small negative number, such as functions return when they fail."""
    if not facts.holds(*ACCESS_KINDS) or facts.access is None or facts.access.base_value is None:
        return None
    cpu = facts.crash.cpu
    code = (1 << 8 * (cpu.pointer_size if cpu else 4)) - facts.access.base_value
    if not 0 < code <= MAX_ERROR:
        return None
    name = f" ({_NAMES[code]})" if code in _NAMES else ""
    return Note("error-pointer", f"the pointer is {-code}{name}, an error code that was taken for an address")
