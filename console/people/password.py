"""Passwords: what is taken for one, and how it is kept and checked."""

import secrets
import unicodedata
from asyncio import to_thread
from dataclasses import dataclass
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from contract.errors import InputError

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 1024
"""Past which nobody types; hashing more would only cost us time."""
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Nothing that is mistaken for another letter when it is typed off a terminal."""
_SHORTEST_NAME: Final = 3
"""A shorter one is in many words by chance."""
_hasher: Final = PasswordHasher()


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that is about to be set. Hashed before the transaction that sets it: SQLite has one writer."""

    hashed: str
    one_time: str = ""
    """The password itself where it is ours and for one sign-in; empty where somebody chose it."""


class WeakPassword(InputError):
    """The password would be guessed."""

    code = "weak-password"


def check_strength(password: str, name: str) -> None:
    """Raises `WeakPassword` for what is too short, too long, one letter again and again, or made of the name.

    Neither the name nor, of an address, what stands before the `@` counts for anything.
    """
    if len(password) < MIN_LENGTH:
        raise WeakPassword(f"a password has {MIN_LENGTH} characters or more: a few random words do well")
    if len(password) > MAX_LENGTH:
        raise WeakPassword(f"a password has {MAX_LENGTH} characters at most")
    if len(set(password)) < 4:
        raise WeakPassword("these are the same few characters again and again: take a few random words")
    rest, plain_name = _plain(password), _plain(name)
    for part in (plain_name, plain_name.partition("@")[0]):
        if len(part) >= _SHORTEST_NAME:
            rest = rest.replace(part, "")
    if len(rest) < MIN_LENGTH and rest != _plain(password):
        raise WeakPassword("the password has the name in it: take something that has nothing to do with it")


def _plain(text: str) -> str:
    """As somebody reads it who does not mind capitals and full-width letters."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


async def chosen_password(password: str, name: str) -> NewPassword:
    """A password that somebody chose for the account `name`; raises `WeakPassword`."""
    check_strength(password, name)
    return NewPassword(await hash_password(password))


async def one_time_password() -> NewPassword:
    """20 letters and digits in groups of five, which are 99 bits."""
    password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
    return NewPassword(await hash_password(password), password)


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
