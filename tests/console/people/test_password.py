"""What is taken for a password."""

import argon2
import pytest

from console.people.password import WeakPassword, check_strength, hash_password, needs_rehash, verify_password


@pytest.mark.parametrize("password", ["short", "x" * 2000, "aaaaaaaaaaaaaaaa", "abababababab", "Jane Smith 12"])
def test_what_would_be_guessed_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_strength(password, "jane smith")


@pytest.mark.parametrize(
    "password", ["jane.doe2026!", "JANE.DOE@example.com!!!", "\uff4aane.doe-jane.doe", "xx jane.doe xx"]
)
def test_an_address_counts_for_nothing(password: str) -> None:
    with pytest.raises(WeakPassword, match="name in it"):
        check_strength(password, "jane.doe@example.com")


def test_a_name_of_two_letters_is_in_many_words() -> None:
    check_strength("al fresco meal", "al")


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
