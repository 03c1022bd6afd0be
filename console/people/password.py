"""Passwords: what is taken for one, and how it is kept and checked."""

from asyncio import to_thread
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from contract.errors import InputError

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 1024
"""Past which nobody types; hashing more would only cost us time."""
_hasher: Final = PasswordHasher()


class WeakPassword(InputError):
    """The password would be guessed."""

    code = "weak-password"


def check_strength(password: str, name: str) -> None:
    """Raises `WeakPassword` for what is too short, too long, one letter again and again, or made of the name."""
    if len(password) < MIN_LENGTH:
        raise WeakPassword(f"a password has {MIN_LENGTH} characters or more: a few random words do well")
    if len(password) > MAX_LENGTH:
        raise WeakPassword(f"a password has {MAX_LENGTH} characters at most")
    if len(set(password)) < 4:
        raise WeakPassword("these are the same few characters again and again: take a few random words")
    rest = password.casefold().replace(name.casefold(), "") if name else password
    if len(rest) < MIN_LENGTH // 2:
        raise WeakPassword("the password is little more than the name: take something that has nothing to do with it")


async def hash_password(password: str) -> str:
    """An Argon2id hash with its salt and parameters; takes about a tenth of a second, in a thread."""
    return await to_thread(_hasher.hash, password)


async def verify_password(hashed: str | None, password: str) -> bool:
    """Whether a password is right; takes as long where there is none to compare with, and is then wrong."""
    if len(password) > MAX_LENGTH:
        return False
    return await to_thread(_verify, hashed or _NOBODYS, password) and hashed is not None


def needs_rehash(hashed: str) -> bool:
    """Whether a hash was made with other parameters than are used now."""
    return _hasher.check_needs_rehash(hashed)


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


_NOBODYS: Final = _hasher.hash("nobody has this password")
"""So that a name that does not exist costs as much as a wrong password."""
