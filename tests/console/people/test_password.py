"""What is taken for a password."""

import argon2
import pytest

from console.people.password import WeakPassword, check_strength, hash_password, needs_rehash, verify_password


@pytest.mark.parametrize("password", ["short", "x" * 2000, "aaaaaaaaaaaaaaaa", "abababababab", "Jane Smith 12"])
def test_what_would_be_guessed_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_strength(password, "jane smith")


@pytest.mark.parametrize("password", ["four words do well", "jane smith rides a bicycle", "пароль из слов"])
def test_other_passwords_are_taken(password: str) -> None:
    check_strength(password, "jane smith")


async def test_only_the_right_password_is_right() -> None:
    hashed = await hash_password("four words do well")
    assert await verify_password(hashed, "four words do well")
    assert not await verify_password(hashed, "four words do well ")
    assert not await verify_password(hashed, "x" * 2000)
    assert not await verify_password("no hash", "four words do well")


async def test_nobody_has_the_password_of_nobody() -> None:
    assert not await verify_password(None, "nobody has this password")


async def test_a_hash_with_older_parameters_is_told() -> None:
    assert needs_rehash(argon2.PasswordHasher(time_cost=1, memory_cost=1024).hash("x"))
    assert not needs_rehash(await hash_password("x"))
