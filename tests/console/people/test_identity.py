"""From claims to a person."""

from typing import Any

import pytest

from console.people.identity import SignInRefused, identity_of, role_of
from console.people.roles import Role
from console.settings import ConsoleSettings, load_console_settings
from runtime.settings import BadSettings

OIDC: dict[str, Any] = {
    "console_url": "https://crashes.example",
    "oidc_issuer": "https://id.example/realm",
    "oidc_client_id": "console",
    "_env_file": None,
}


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "ada", "email": "a@example.com"}, "ada"),
        ({"preferred_username": " ", "email": "a@example.com"}, "a@example.com"),
        ({"preferred_username": "a\nb", "email": 7, "name": "Ada Lovelace"}, "Ada Lovelace"),
        ({"name": "x" * 129}, "42"),
    ],
)
def test_the_best_usable_name_is_taken(claims: dict[str, object], name: str) -> None:
    identity = identity_of({"sub": "42", **claims}, ConsoleSettings(**OIDC))
    assert (identity.name, identity.subject, identity.role) == (name, "https://id.example/realm 42", None)


@pytest.mark.parametrize("subject", [None, "", 42, "a\0b", "x" * 256])
def test_a_subject_that_is_none_is_refused(subject: object) -> None:
    with pytest.raises(SignInRefused):
        identity_of({"sub": subject, "name": "ada"}, ConsoleSettings(**OIDC))


def test_a_claim_may_lie_deeper() -> None:
    settings = ConsoleSettings(**OIDC, oidc_role_claim="realm_access.roles", oidc_engineers="dev")
    assert role_of({"realm_access": {"roles": ["dev"]}}, settings) is Role.ENGINEER
    assert role_of({"realm_access.roles": "dev"}, settings) is Role.ENGINEER
    assert role_of({"realm_access": ["dev"]}, settings) is Role.VIEWER
    assert role_of({"realm_access": {"roles": [["dev"], None]}}, settings) is Role.VIEWER


def test_no_value_for_admins_makes_nobody_an_admin() -> None:
    settings = ConsoleSettings(**OIDC, oidc_engineers="dev")
    assert role_of({"groups": ["", "x"]}, settings) is Role.VIEWER


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"oidc_issuer": "http://id.example"}, "https"),
        ({"oidc_issuer": "id.example"}, "https"),
        ({"oidc_client_id": ""}, "FAULTCAST_OIDC_CLIENT_ID"),
        ({"console_url": ""}, "FAULTCAST_CONSOLE_URL"),
        ({"oidc_scopes": "profile"}, "openid"),
        ({"trusted_proxies": "10.0.0.0/8, proxy"}, "TRUSTED_PROXIES"),
    ],
)
def test_settings_that_cannot_work_are_named(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(BadSettings, match=words):
        load_console_settings(**(OIDC | wrong))
